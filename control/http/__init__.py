"""HTTP in and out: one route table, one place for errors, authentication, paging and the OpenAPI document."""
