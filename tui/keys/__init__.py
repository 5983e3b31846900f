"""The one registry of actions: bindings, key line and help are made from it; it does nothing."""
