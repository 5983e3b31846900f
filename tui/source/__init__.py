"""Where the view comes from: a running daemon, or the recorded history of a campaign.

Each source is one worker that keeps a frozen `View` up to date; nothing here lays out or paints.
"""
