"""Views between which the number keys switch, and the windows that open over them."""
