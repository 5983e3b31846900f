"""What keys do to a campaign: what they act on, what is asked of the daemon, what it costs; pure.

Nothing here knows how anything looks; whoever calls it asks the source.
"""
