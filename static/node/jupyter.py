"""Starts the Jupyter server of a docklet node.

The token and the base URL are read from a file that only docklet can write, so they are never in an
argument list. Everything here wins over configuration files of the image and of the person: with a
different address, port or token the front door would not find the server again.

Works with the classic notebook server (notebook 6) and with jupyter_server (notebook 7, JupyterLab).
"""

import importlib
import json
import os
import sys

IDENTITY = "/run/docklet/jupyter.json"
HOME = "/root"


def find(name):
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def major(module):
    return int(module.__version__.split(".")[0])


def follow_home(handler):
    """A person's folder may be mounted over HOME while the server runs. A process keeps the folder that it was
    started in, the one underneath; so the server steps into it anew with every request."""
    before = handler.prepare

    def prepare(self, *args, **kwargs):
        try:
            os.chdir(HOME)
        except OSError:
            pass
        return before(self, *args, **kwargs)

    handler.prepare = prepare


def settings(identity):
    shell = "/bin/bash" if os.path.exists("/bin/bash") else "/bin/sh"
    return {
        "ip": "0.0.0.0",
        "port": int(identity.get("port", 8888)),
        "port_retries": 0,
        "base_url": identity["base_url"],
        "open_browser": False,
        "allow_root": True,
        # Requests come through docklet's front door, which has checked the person, the host and the origin.
        "allow_remote_access": True,
        "trust_xheaders": True,
        "quit_button": False,
        "terminado_settings": {"shell_command": [shell, "-l"]},
        "log_level": "WARN",
    }


def classic(identity):
    from notebook.base.handlers import IPythonHandler
    from notebook.notebookapp import NotebookApp

    follow_home(IPythonHandler)
    values = dict(settings(identity), token=identity["token"], password="", notebook_dir=HOME)
    return NotebookApp, {"NotebookApp": values}


def modern(server, notebook, identity):
    from jupyter_server.base.handlers import JupyterHandler
    from jupyter_server.serverapp import ServerApp

    follow_home(JupyterHandler)
    values = dict(settings(identity), root_dir=HOME)
    config = {"ServerApp": values}
    if major(server) >= 2:
        config["IdentityProvider"] = {"token": identity["token"]}
        config["PasswordIdentityProvider"] = {"token": identity["token"], "hashed_password": ""}
    else:
        values.update(token=identity["token"], password="")
    if find("jupyterlab") is not None:
        values["default_url"] = "/lab"
    elif notebook is not None or find("nbclassic") is not None:
        values["default_url"] = "/tree"
    return ServerApp, config


def main():
    with open(IDENTITY, encoding="utf-8") as file:
        identity = json.load(file)
    notebook = find("notebook")
    server = find("jupyter_server")
    if notebook is not None and major(notebook) < 7:
        app, config = classic(identity)
    elif server is not None:
        app, config = modern(server, notebook, identity)
    else:
        print("There is no Jupyter in this image.")
        return 0
    from traitlets.config import Config

    # Given to the instance before it reads its files: Jupyter applies this last.
    instance = app.instance(config=Config(config))
    instance.initialize([])
    instance.start()
    return 0


if __name__ == "__main__":
    sys.exit(main())
