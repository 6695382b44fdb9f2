#!/bin/sh
# Prints the time in UTC.
set -eu

date -u '+It is %Y-%m-%d %H:%M:%S UTC.'
