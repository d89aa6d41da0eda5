"""The web process's pages and JSON: an ordinary WSGI application, one package per capability."""
