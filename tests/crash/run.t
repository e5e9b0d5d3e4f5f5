#!/usr/bin/env bash
# run.t - ten thousand crash states of logfs; each must mount and hold what was promised
# SPDX-License-Identifier: MIT
exec nice build/tests/crash/logfs_crash --states "${STATES:-10000}" --seed "${SEED:-1}"
