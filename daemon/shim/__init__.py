"""The shim: one tiny process per run, which outlives the daemon and leaves `exit.json`.

Standard library only, and nothing of ours from outside this folder: shims are forked from a process that has
all of this in memory before the first of them (`zygote`), so that an upgrade of arctl cannot change one under
a running job, and a fork is all that a start costs. Single-threaded: a job dies with the thread that
began it.
"""
