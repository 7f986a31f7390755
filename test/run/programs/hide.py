"""Sits there, and cannot be told by its environment: overwritten (as nginx, postgres and setproctitle do), or not to be read."""

import ctypes
import os
import sys
import time

if sys.argv[1] == "title":
    with open("/proc/self/stat") as stat:
        fields = stat.read().rsplit(") ", 1)[1].split()
    start, end = int(fields[47]), int(fields[48])
    ctypes.memset(start, 0, end - start)
else:
    PR_SET_DUMPABLE = 4
    ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
log = os.environ["LOG"]
os.setsid() if os.getpid() != os.getpgid(0) else None
with open(log + ".new", "w") as file:
    file.write(str(os.getpid()))
os.rename(log + ".new", log)
time.sleep(600)
