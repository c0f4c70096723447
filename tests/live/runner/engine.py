"""Called like a file of the runner's: flows import their own modules, not those."""

RAN = "spawned"
