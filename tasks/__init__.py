"""What a step does: verbs are Prefect tasks, nouns are pure knowledge."""
