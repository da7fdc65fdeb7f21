# SPDX-License-Identifier: MIT
"""What Optuna, optuna-dashboard and TensorBoard make of hone's exports; those that are installed are asked.

    exports_peer.py TRIALS.json FOLDER
"""
import importlib.util
import json
import os
import shutil
import sys
import warnings

warnings.simplefilter("ignore")
trials = json.load(open(sys.argv[1]))
folder = sys.argv[2]
complete = [t for t in trials if t["state"] == "complete"]
best = max(complete, key=lambda t: float(t["score"]))
asked = []


def objective(trial):
    rate = trial.suggest_float("rate", 1e-4, 0.5, log=True)
    width = trial.suggest_int("width", 32, 480, step=32)
    if trial.suggest_categorical("optimizer", ["sgd", "adam"]) == "sgd":
        trial.suggest_float("momentum", 0.5, 0.95, step=0.05)
    trial.suggest_categorical("batch", [32, 64, 128])
    return rate + width / 1e4


def goes_on(storage):
    import optuna

    study = optuna.load_study(storage=storage, study_name="exported", sampler=optuna.samplers.TPESampler(seed=1, n_startup_trials=5))
    assert len(study.trials) == len(trials) and study.direction == optuna.study.StudyDirection.MAXIMIZE
    assert study.best_trial.number == best["trial"] and study.best_value == float(best["score"])
    for trial, mine in zip(study.trials, trials):
        assert trial.state.name.lower() == mine["state"], (trial, mine)
        assert trial.params == {k: v for k, v in ((k, kind(mine[k])) for k, kind in
                                (("rate", real), ("width", whole), ("optimizer", str_or_none), ("momentum", real), ("batch", whole))) if v is not None}
        assert len(trial.intermediate_values) == mine["step"]
        assert 0 <= (trial.datetime_complete - trial.datetime_start).total_seconds() < 60
        assert trial.user_attrs["score"] == float(mine["score"])
        for key, distribution in trial.distributions.items(): # every value is of its distribution
            assert distribution._contains(distribution.to_internal_repr(trial.params[key])), (key, trial)
    study.optimize(objective, n_trials=12)
    assert len(study.trials) == len(trials) + 12 and study.trials[-1].number == len(trials) + 11
    assert all(t.state.name == "COMPLETE" for t in study.trials[len(trials):])
    if importlib.util.find_spec("sklearn"):
        assert "rate" in optuna.importance.get_param_importances(study)
    return optuna.__version__


def real(value):
    return None if value is None else float(value)


def whole(value):
    return None if value is None else int(value)


def str_or_none(value):
    return value


if importlib.util.find_spec("optuna"):
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    for name in ("continued.db", "continued.journal"):
        if os.path.exists(name):
            os.remove(name)
    shutil.copy(os.path.join(folder, "study.optuna.db"), "continued.db")
    shutil.copy(os.path.join(folder, "study.journal"), "continued.journal")
    asked.append("optuna " + goes_on("sqlite:///continued.db"))
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    goes_on(JournalStorage(JournalFileBackend("continued.journal")))

if importlib.util.find_spec("optuna_dashboard"):
    from optuna_dashboard import wsgi

    for storage in ("sqlite:///" + os.path.join(folder, "study.optuna.db"), os.path.join(folder, "study.journal")):
        if "journal" in storage:
            storage = JournalStorage(JournalFileBackend(storage))
        app = wsgi(storage)

        def get(path):
            status = []
            body = b"".join(app({"REQUEST_METHOD": "GET", "PATH_INFO": path, "SERVER_NAME": "x", "SERVER_PORT": "80", "wsgi.url_scheme": "http",
                                 "wsgi.input": sys.stdin.buffer, "wsgi.errors": sys.stderr, "QUERY_STRING": ""}, lambda s, h, e=None: status.append(s)))
            assert status[0].startswith("200"), (path, status)
            return json.loads(body)

        summary, = get("/api/studies")["study_summaries"]
        assert summary["study_name"] == "exported", summary
        shown = get(f"/api/studies/{summary['study_id']}")
        assert len(shown["trials"]) == len(trials) and shown["best_trials"][0]["number"] == best["trial"]
        assert shown["has_intermediate_values"]
    asked.append("optuna-dashboard")

if importlib.util.find_spec("tensorboard"):
    from tensorboard.backend.event_processing import data_provider, plugin_event_multiplexer
    from tensorboard.plugins import base_plugin
    from tensorboard.plugins.hparams import backend_context, list_session_groups
    from tensorboard.plugins.hparams import api_pb2
    from tensorboard import context

    board = plugin_event_multiplexer.EventMultiplexer()
    board.AddRunsFromDirectory(os.path.join(folder, "study.tensorboard"))
    board.Reload()
    runs = board.Runs()
    assert len(runs) == len(trials) + 1, len(runs)
    for trial in trials:
        points = board.Tensors(f"trial-{trial['trial']:05}", "score")
        assert [p.step for p in points] == list(range(1, trial["step"] + 1))
    provider = data_provider.MultiplexerDataProvider(board, folder)
    hparams = backend_context.Context(base_plugin.TBContext(data_provider=provider))
    request = context.RequestContext()
    experiment = hparams.experiment_from_metadata(request, "", True, hparams.hparams_metadata(request, ""), hparams.hparams_from_data_provider(request, "", limit=1000))
    assert {i.name for i in experiment.hparam_infos} == {"rate", "width", "optimizer", "momentum", "batch"}, experiment
    assert [i.name.tag for i in experiment.metric_infos] == ["score"]
    query = api_pb2.ListSessionGroupsRequest(start_index=0, slice_size=1000, include_metrics=True,
                                             allowed_statuses=[api_pb2.STATUS_SUCCESS, api_pb2.STATUS_FAILURE])
    groups = list_session_groups.Handler(request, hparams, "", query).run().session_groups
    assert len(groups) == len(trials), len(groups)
    by_name = {g.name: g for g in groups}
    for trial in trials:
        group = by_name[f"trial-{trial['trial']:05}"]
        assert group.hparams["optimizer"].string_value == trial["optimizer"]
        assert ("momentum" in group.hparams) == (trial["momentum"] is not None)
        assert abs(group.hparams["rate"].number_value - float(trial["rate"])) < 1e-15
        assert abs(group.metric_values[0].value - float(trial["score"])) < 1e-6
    asked.append("tensorboard")

print(", ".join(asked) if asked else "none is installed")
