#!/usr/bin/env bash
# watched.t - some crash states of logfs, with the file system and the test watched by sanitizers
# SPDX-License-Identifier: MIT
exec nice build/tests/crash/logfs_crash.watched --states 1500 --seed "${SEED:-101}"
