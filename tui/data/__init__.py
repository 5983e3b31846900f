"""What is known: queries and their answers, frozen rows, the view, and where in the interface one is.

Plain data and pure functions; nothing here knows of Textual, of sockets, or of a clock.
"""
