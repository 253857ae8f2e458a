"""The agent at work: clockwork, upload, reports and the end of a power cycle, wired together."""
