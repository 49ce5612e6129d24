"""gunicorn for the site. There is no ``bind``: systemd holds the socket and passes it on (offline-site-web.socket)."""

import os
from pathlib import Path

chdir = str(Path(__file__).parent)
wsgi_app = "site_app:create_app()"

# Two at least, so that one which ends leaves another; the database is all that they share. Each holds up to
# 19 MiB for every password that is being looked at, one per core.
workers = max(2, os.cpu_count() or 1)
# Signing and hashing leave the interpreter to others: four threads give half as many requests again as one.
worker_class = "gthread"
threads = 4

# Not preloaded: each worker reads the settings and opens the database itself, so that a reload (HUP) takes on new
# sealing keys one worker after the other, with no request lost, and nothing is shared across a fork.
preload_app = False

timeout = 30
graceful_timeout = 30  # the longest that a stop waits for requests that are being answered
max_requests = 10_000  # what a leak could cost is bounded; the jitter keeps workers from ending together
max_requests_jitter = 1_000
worker_tmp_dir = "/dev/shm"  # signs of life that never wait for a disk
control_socket_disable = True  # nobody gives commands to gunicorn but systemd

accesslog = None  # nginx has one, without query strings
errorlog = "-"
