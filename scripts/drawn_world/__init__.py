import strefer  # noqa: F401  (it closes the environment of a job)
