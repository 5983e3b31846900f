"""Cheats, each tried for real in a campaign, and each caught or contained with a verdict that names it."""
