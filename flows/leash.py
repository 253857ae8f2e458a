"""`python -m flows.leash MODULE ARGUMENT…`: a module's program that ends when its starter ends, however."""

import os
import runpy
import signal
import sys
import threading


def end_with_our_starter() -> None:
    """Let this process end as by SIGTERM once the other end of its standard input is closed.

    The starter holds that end and writes nothing; the kernel closes it for one that was killed.
    """
    threading.Thread(target=_wait, daemon=True).start()


def _wait() -> None:
    # A buffered read would hold a lock that the interpreter wants at its end.
    while os.read(sys.stdin.fileno(), 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    end_with_our_starter()
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
