# SPDX-License-Identifier: MIT
"""Parameter importance by Optuna's fANOVA, of studies in a database that hone exported: "study,parameter,importance" lines, the mean over
so many forests (five).

    exports_importance.py FILE.optuna.db [FORESTS]
"""
import sys

import optuna

optuna.logging.set_verbosity(optuna.logging.ERROR)
storage = "sqlite:///" + sys.argv[1]
for name in sorted(optuna.get_all_study_names(storage)):
    study = optuna.load_study(storage=storage, study_name=name)
    runs = [optuna.importance.FanovaImportanceEvaluator(seed=seed).evaluate(study) for seed in range(int(sys.argv[2]) if len(sys.argv) > 2 else 5)]
    for parameter in runs[0]:
        print(f"{name},{parameter},{sum(float(run[parameter]) for run in runs) / len(runs):.4f}")
