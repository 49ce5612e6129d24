"""``python -m app_client_authz.standalone``: as ``app-client-authz``."""

from app_client_authz.standalone.command import main

main(prog_name="app-client-authz")
