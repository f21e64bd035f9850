#!/usr/bin/env bash
# What a session costs the server: see session.py.
exec /usr/bin/python3 "$(dirname "$0")/session.py" "$@"
