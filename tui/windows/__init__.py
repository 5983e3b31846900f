"""Windows that open over a screen: help, palette, questions, forms; each answers to whoever opened it."""
