"""What crosses the wire between edge and control plane, and what both must agree on. No business rules, no network."""
