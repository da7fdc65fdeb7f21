/* SPDX-License-Identifier: MIT */
/* What hone's reports use of ECharts, and no more; charts.sh makes one script of it. */
import { use, init, getInstanceByDom } from 'echarts/core';
import { LineChart, ScatterChart, ParallelChart, BarChart, CustomChart } from 'echarts/charts';
import {
  AriaComponent, DataZoomComponent, GridComponent, MarkLineComponent, ParallelComponent, TooltipComponent,
  VisualMapComponent
} from 'echarts/components';
import { ScatterJitter } from 'echarts/features';
import { CanvasRenderer, SVGRenderer } from 'echarts/renderers';

use([
  LineChart, ScatterChart, ParallelChart, BarChart, CustomChart, AriaComponent, DataZoomComponent, GridComponent,
  MarkLineComponent, ParallelComponent, TooltipComponent, VisualMapComponent, CanvasRenderer, ScatterJitter, SVGRenderer
]);

export { init, getInstanceByDom };
