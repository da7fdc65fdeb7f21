/* SPDX-License-Identifier: MIT */
/* hone/hone.h - every header of the SDK. */
#ifndef HONE_HONE_H
#define HONE_HONE_H
#include "hone/affine.h"
#include "hone/dataset.h"
#include "hone/instance.h"
#include "hone/finite.h"
#include "hone/loss.h"
#include "hone/lr_schedule.h"
#include "hone/metric.h"
#include "hone/model.h"
#include "hone/nn.h"
#include "hone/objective.h"
#include "hone/optimizer.h"
#include "hone/param.h"
#include "hone/plugin.h"
#include "hone/regularizer.h"
#include "hone/reporter.h"
#include "hone/rng.h"
#include "hone/scheduler.h"
#include "hone/search.h"
#include "hone/settings.h"
#include "hone/simd.h"
#include "hone/storage.h"
#include "hone/task.h"
#include "hone/tensor.h"
#include "hone/transform.h"
#endif /* HONE_HONE_H */
