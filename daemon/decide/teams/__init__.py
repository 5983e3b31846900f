"""The community's rules: who is asked what, which idea runs next, when teams form and regroup. Pure.

`company` staffs a campaign, `discussion` finds directions and forms teams, `supply` keeps the queues filled,
`critique` has them looked at, `take` turns the best into experiments, `aftermath` has crashes repaired and
verdicts reflected upon, `regroup` ends what does not pay. A solo agent goes through the same rules.
"""

from __future__ import annotations
