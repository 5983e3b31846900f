"""The engine room: facts come in, rows and events are written, pure decisions lead to actions.

    facts -> engine -> reduce/ -> store/ -> state -> decide/ -> actions -> actors -> facts

Pure: state, facts, actions, reduce/, decide/. Shell: main, server, commands/, engine, store/ and the
actors jobs/, workspace/, brains/ and devices/, which never call each other.
"""
