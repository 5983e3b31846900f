"""The one registry of actions: bindings, key line, help and palette are all made from it; it does nothing."""
