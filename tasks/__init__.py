"""What a step does: verbs are Prefect tasks, nouns are pure knowledge."""

import logging

# Prefect forwards these loggers to its UI but leaves them at the root's level, which is WARNING.
logging.getLogger(__name__).setLevel(logging.INFO)
