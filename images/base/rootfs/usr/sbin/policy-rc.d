#!/bin/sh
# A package installed into an image must not start its service.
exit 101
