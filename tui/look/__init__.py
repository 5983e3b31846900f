"""How things look, as plain data: lines of coloured text, bars, plots, glyphs, themes; no I/O, no state."""
