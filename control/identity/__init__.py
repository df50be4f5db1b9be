"""Who a person is: stated links between identifiers, and the people and histories that follow from them."""
