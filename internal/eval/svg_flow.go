package eval

import (
	"fmt"
	"html"
	"html/template"
	"math"
)

// stageColor is the colour of a stage of the journey, from early and cool to late and warm; unsure is grey.
func stageColor(i, stages int) string {
	colors := []string{"#4e79a7", "#76b7b2", "#59a14f", "#edc948", "#f28e2b", "#e15759"}
	if i >= stages {
		return "#c9ccd1"
	}
	return colors[i*len(colors)/max(stages, len(colors))]
}

// flowPicture shows what moved between stages: forward above, back below, as wide as there is mass.
func (r *Report) flowPicture() template.HTML {
	shown := r.shown(r.flow)
	if len(shown) < 2 {
		return ""
	}
	f := newFlow(r.flow, shown)
	s := newSVG(canvasWidth, f.above+f.below+flowNode+8, "Moves between stages from one event of a need to the next; the table has the shares")
	f.nodeY = f.above + 4
	for i := range shown {
		for j := range shown {
			if i != j && f.mass[i][j] > 0 {
				f.ribbon(s, i, j, stageColor(shown[i], len(r.stageNames)-1), r.stageNames[shown[i]], r.stageNames[shown[j]])
			}
		}
	}
	for i, stage := range shown {
		name, width := r.stageNames[stage], f.step-4
		s.titled("%s: %.1f %% stay", name, 100*f.stay(i))
		s.put(`<rect class="node" fill="%s" x="%.1f" y="%.1f" width="%.1f" height="%g" rx="4"/>`,
			stageColor(stage, len(r.stageNames)-1), f.x(i)-width/2, f.nodeY, width, flowNode)
		s.put(`<text class="name" x="%.1f" y="%.1f" text-anchor="middle">%s</text>`, f.x(i), f.nodeY+14, html.EscapeString(cut(name, int(width/5.2))))
		s.put(`<text class="small" x="%.1f" y="%.1f" text-anchor="middle">%s</text></g>`, f.x(i), f.nodeY+27, fmt.Sprintf("%.1f %%", 100*f.stay(i)))
	}
	return s.done()
}

// cut shortens a label.
func cut(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:max(n-1, 1)]) + "…"
	}
	return s
}

// flowNode is the height of a stage in the picture.
const flowNode = 34.0

// flow lays out the moves between stages that stand in a row.
type flow struct {
	mass         [][]float64
	step         float64 // from stage to stage
	scale        float64 // from mass to width
	above, below float64
	nodeY        float64
}

func newFlow(m [][]float64, shown []int) *flow {
	f := &flow{step: canvasWidth / float64(len(shown)), above: 8, below: 8}
	for _, i := range shown {
		var line []float64
		for _, j := range shown {
			line = append(line, m[i][j])
		}
		f.mass = append(f.mass, line)
	}
	most := 0.0
	for i := range shown {
		up, down := 0.0, 0.0
		for j := range shown {
			switch {
			case j > i:
				up += f.mass[i][j]
				down += f.mass[j][i]
			case j < i:
				up += f.mass[j][i]
				down += f.mass[i][j]
			}
			if j > i && f.mass[i][j] > 0 {
				f.above = max(f.above, f.height(i, j)*0.75+12)
			}
			if j < i && f.mass[i][j] > 0 {
				f.below = max(f.below, f.height(i, j)*0.75+12)
			}
		}
		most = max(most, up, down)
	}
	if most > 0 {
		f.scale = 0.55 * f.step / most
	}
	return f
}

// x is the middle of a stage.
func (f *flow) x(i int) float64 { return f.step * (float64(i) + 0.5) }

// height is how far the bow between two stages is bent.
func (f *flow) height(i, j int) float64 { return 24 + 0.5*f.step*math.Abs(float64(i-j)) }

// stay is the share of the mass in a stage that stays there.
func (f *flow) stay(i int) float64 {
	if f.mass[i][i] == 0 {
		return 0
	}
	return f.mass[i][i] / f.leaving(i)
}

// between is the mass between two stages in the direction of a side of the picture.
func (f *flow) between(i, j int, forward bool) float64 {
	if (i < j) == forward {
		return f.mass[i][j]
	}
	return f.mass[j][i]
}

// port is where the bow between stage i and stage j meets i. From left to right, bows to earlier stages come first, the
// nearest leftmost, then those to later stages, the nearest rightmost: so none cross at a stage.
func (f *flow) port(i, j int, forward bool) float64 {
	total, before := 0.0, 0.0
	for k := range f.mass {
		if k == i {
			continue
		}
		w := f.between(i, k, forward) * f.scale
		total += w
		earlier, target := k < i, j < i
		switch {
		case k == j:
			before += w / 2
		case earlier && !target, earlier == target && k > j:
			before += w
		}
	}
	return f.x(i) - total/2 + before
}

// ribbon draws the bow of a move, with the head of an arrow where it ends.
func (f *flow) ribbon(s *svg, i, j int, color, before, after string) {
	forward := i < j
	from, to := f.port(i, j, forward), f.port(j, i, forward)
	width := max(f.mass[i][j]*f.scale, 0.4)
	edge, away := f.nodeY, -1.0
	if !forward {
		edge, away = f.nodeY+flowNode, 1
	}
	head := min(5+width/3, 11)
	tip := edge + away*head
	bend := edge + away*f.height(i, j)
	s.titled("%s → %s: %.2f %% of what was in %s", before, after, 100*f.mass[i][j]/f.leaving(i), before)
	s.put(`<path class="bow" stroke="%s" stroke-width="%.2f" d="M%.1f %.1fC%.1f %.1f %.1f %.1f %.1f %.1f"/>`,
		color, width, from, edge, from, bend, to, bend, to, tip)
	half := width/2 + min(2.5, 1+width)
	s.put(`<path class="head" fill="%s" d="M%.1f %.1fL%.1f %.1fL%.1f %.1fZ"/></g>`, color, to-half, tip, to+half, tip, to, edge)
}

// leaving is all mass of a stage, staying or not.
func (f *flow) leaving(i int) float64 {
	total := 0.0
	for _, v := range f.mass[i] {
		total += v
	}
	return total
}
