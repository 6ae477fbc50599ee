"""A protocol that takes no time, and contenders that nobody trained."""

import pytest

from revpath.studies.equal_quality.protocol import Protocol

TINY = {
    "name": "tiny",
    "seeds": [1, 2],
    "chip": "reram-32nm",
    "schedule": "register-tile",
    "tasks": {
        "digits": {"title": "Digits", "source": {"kind": "images", "name": "digits"}, "qualities": [85.0, 60.0, 1.0]},
        "whale": {
            "title": "Moby Dick",
            "source": {"kind": "text", "name": "moby_dick"},
            "qualities": [4.2, 0.1],
            "counting_order": 2,
        },
    },
    "tuning": {"MLP": {"trials": 2, "examples": 100}},
    "cells": {"ecram": {"title": "Li-ECRAM as measured", "device": "ecram-li-tang2018"}},
    "contenders": [
        {
            "tasks": ["digits"],
            "examples": [1_200, 2_400],
            "batch": 16,
            "model": {"kind": "layered", "inputs": 64, "hidden": [4], "rule": "transposed-error", "learning_rate": 0.3},
            "ranges": [{"largest": 1.0, "adc": 8.0}],
            "places": [{"cell": "digital"}, {"cell": "ecram", "learning_rate": 0.2}],
        }
    ],
    "mlps": [{"tasks": ["digits"], "examples": 2_400, "hidden": [[], [4]]}],
    "transformers": [
        {
            "tasks": ["whale"],
            "late": 1,
            "examples": 4_000,
            "shapes": [
                {
                    "width": 16, "layers": 1, "heads": 2, "context": 16, "learning_rate": 0.01, "batch": 2, "warmup_tokens": 9,
                    "beta2": 0.9,
                }
            ],
        }
    ],
}  # fmt: skip


@pytest.fixture
def tiny():
    return Protocol(**TINY)
