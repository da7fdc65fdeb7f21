# SPDX-License-Identifier: MIT
"""DEHB 0.1.2 and HpBandSter 0.7.4's BOHB on the problems of `hone bench scheduler`, as that measures them.

    python scheduler_peer.py dehb|bohb mf_hartmann6|counting_ones SEEDS BUDGET...    # budgets in whole trials of 81 steps, ascending

Prints, for each budget, the median and the quartiles of the regret: of the point that was best at the highest budget any had come
to, without noise. DEHB runs every point from its beginning; the points of BOHB's model go through hyperband's brackets here, and who is
promoted pays for the further steps only.
"""
import logging
import random
import sys
import tempfile
import warnings

import ConfigSpace
import numpy as np

STEPS, ETA, RUNGS = 81, 3, 5


class MfHartmann6:
    """Kandasamy et al. 2017, appendix D: the four bumps weigh 0.1 (1 - step / STEPS) less."""
    A = np.array([[10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14], [3, 3.5, 1.7, 10, 17, 8], [17, 8, 0.05, 10, 0.1, 14]])
    P = 1e-4 * np.array([[1312, 1696, 5569, 124, 8283, 5886], [2329, 4135, 8307, 3736, 1004, 9991],
                         [2348, 1451, 3522, 2883, 3047, 6650], [4047, 8828, 8732, 5743, 1091, 381]])
    weights = np.array([1, 1.2, 3, 3.2])
    least = -3.32236801141551
    reals, bits = ["x%d" % i for i in range(6)], []

    def value(self, point, step, rng=None):
        x = np.array([point[name] for name in self.reals])
        return float(-(self.weights - 0.1 * (1 - step / STEPS)) @ np.exp(-(self.A * (x - self.P) ** 2).sum(1)))

    def exact(self, point):
        return self.value(point, STEPS)


class CountingOnes:
    """Falkner et al. 2018, section 5.1: eight bits, and eight probabilities of which a step is a coin flip each."""
    least = -16
    bits, reals = ["b%d" % i for i in range(8)], ["p%d" % i for i in range(8)]

    def value(self, point, step, rng):
        heads = rng.binomial(step, [point[name] for name in self.reals]).sum()
        return float(-sum(int(point[name]) for name in self.bits) - heads / step)

    def exact(self, point):
        return float(-sum(float(point[name]) for name in self.bits + self.reals))


class Spent(Exception):
    pass


class Study:
    def __init__(self, problem, seed, budgets):
        self.problem, self.seed, self.rng = problem, seed, np.random.default_rng(seed)
        self.todo, self.spent, self.best, self.regrets = list(budgets), 0, None, []
        self.space = ConfigSpace.ConfigurationSpace(seed=seed)
        for name in problem.bits:
            self.space.add(ConfigSpace.CategoricalHyperparameter(name, [0, 1]))
        for name in problem.reals:
            self.space.add(ConfigSpace.UniformFloatHyperparameter(name, 0, 1))

    def evaluate(self, point, step, before=0):
        value = self.problem.value(point, step, self.rng)
        self.spent += step - before
        if self.best is None or step > self.best[0] or (step == self.best[0] and value < self.best[1]):
            self.best = step, value, dict(point)
        while self.todo and self.spent >= self.todo[0] * STEPS:
            self.regrets.append(self.problem.exact(self.best[2]) - self.problem.least)
            del self.todo[0]
        if not self.todo:
            raise Spent
        return value


def dehb(study):
    from dehb import DEHB
    with tempfile.TemporaryDirectory() as folder:
        peer = DEHB(cs=study.space, dimensions=len(study.space), min_fidelity=1, max_fidelity=STEPS, eta=ETA, n_workers=1,
                    seed=study.seed, output_path=folder, save_freq=None)
        while True:
            job = peer.ask()
            step = int(round(job["fidelity"]))
            peer.tell(job, {"fitness": study.evaluate(dict(job["config"]), step), "cost": step})


class Job:
    """What HpBandSter tells its model of a run."""
    timestamps, exception, id = {}, None, (0, 0, 0)

    def __init__(self, point, step, value):
        self.kwargs, self.result = {"config": point, "budget": step}, {"loss": value}


def bohb(study):
    from hpbandster.optimizers.config_generators.bohb import BOHB
    np.random.seed(study.seed)
    random.seed(study.seed)
    model = BOHB(configspace=study.space)
    bracket = 0
    while True:
        s = RUNGS - 1 - bracket % RUNGS
        n = RUNGS // (s + 1) * ETA ** s
        standing = [(0, None)] * n
        for rung in range(s + 1):
            step = ETA ** (RUNGS - 1 - s + rung)
            for i, (_, point) in enumerate(standing):
                if point is None:
                    point = dict(model.get_config(step)[0])
                standing[i] = study.evaluate(point, step, step // ETA if rung else 0), point
                model.new_result(Job(point, step, standing[i][0]))
            standing = sorted(standing, key=lambda one: one[0])[:max(len(standing) // ETA, 1)]
        bracket += 1


def main():
    warnings.filterwarnings("ignore")
    logging.disable(logging.CRITICAL)
    peer = {"dehb": dehb, "bohb": bohb}[sys.argv[1]]
    problem = {"mf_hartmann6": MfHartmann6, "counting_ones": CountingOnes}[sys.argv[2]]()
    budgets = [float(budget) for budget in sys.argv[4:]]
    regrets = []
    for seed in range(1, int(sys.argv[3]) + 1):
        study = Study(problem, seed, budgets)
        try:
            peer(study)
        except Spent:
            regrets.append(study.regrets)
    for budget, row in zip(budgets, np.array(regrets).T):
        print("%-6g %.4f  [%.4f, %.4f]" % (budget, *np.quantile(row, [0.5, 0.25, 0.75])))


if __name__ == "__main__":
    main()
