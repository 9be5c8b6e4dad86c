#!/usr/bin/env python3
"""measured.py TIMEOUT OUT ERR PROGRAM ARGS..: runs a program and prints, as JSON, what it cost.

A process of its own, as small as Python can be (start it with `-I -S`): the peak of memory that the
kernel tells of a child is at least that of whoever forked it.
"""

import json
import os
import signal
import sys
import time


def main():
    limit, out, err, *command = sys.argv[1:]
    new = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    files = [os.open("/dev/null", os.O_RDONLY), os.open(out, new, 0o644), os.open(err, new, 0o644)]
    begun = time.perf_counter()
    child = os.fork()
    if child == 0:
        for number, file in enumerate(files):
            os.dup2(file, number)
        try:
            os.execvp(command[0], command)
        finally:
            os._exit(127)
    signal.signal(signal.SIGALRM, lambda *_: os.kill(child, signal.SIGKILL))
    signal.alarm(int(limit))
    _, status, used = os.wait4(child, 0)
    wall = time.perf_counter() - begun
    print(
        json.dumps(
            {
                "wall_s": wall,
                "cpu_s": used.ru_utime + used.ru_stime,
                "rss_mb": used.ru_maxrss / 1024,
                "exit": os.waitstatus_to_exitcode(status),
            }
        )
    )


main()
