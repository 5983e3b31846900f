"""How things look, as plain data: lines of coloured text, bars, plots, glyphs; no I/O, no state, no Textual.

`theme` alone knows Textual: it says which colours the tones have there.
"""
