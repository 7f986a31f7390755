"""Not to be told by its environment, as every program for a moment while the system starts it; until the file SHOW is there."""
import ctypes
import os
import time

environ = ctypes.POINTER(ctypes.c_void_p).in_dll(ctypes.CDLL(None), "environ")
where = next(a for a in environ if ctypes.string_at(a).startswith(b"TGSESSION_RUN="))
ctypes.memset(where, ord("x"), 1)
with open(os.environ["LOG"], "w") as log:
    log.write(str(os.getpid()))
while not os.path.exists(os.environ["SHOW"]):
    time.sleep(0.01)
ctypes.memset(where, ord("T"), 1)
with open(os.environ["SHOWN"], "w"):
    pass
time.sleep(60)
