package simulate

import (
	"fmt"
	"html"
	"html/template"
	"math"
	"slices"
	"strings"

	"github.com/veiviser/veiviser/internal/eval/simulate/chart"
)

// policyColor tells policies apart; chance and the oracle, the ends of the scale, are grey.
func (r *Result) policyColor(i int) string {
	switch r.Policies[i].Name {
	case "uniform":
		return "#9aa1aa"
	case "oracle":
		return "#20242a"
	}
	colors := []string{"#e15759", "#4e79a7", "#59a14f", "#f28e2b", "#b07aa1", "#76b7b2", "#9c755f", "#edc948"}
	n := 0
	for _, p := range r.Policies[:i] {
		if p.Name != "uniform" && p.Name != "oracle" {
			n++
		}
	}
	return colors[n%len(colors)]
}

// stateColor is the colour of a state, from early and cool to late and warm; who left is grey.
func stateColor(s int) string {
	return [NumStates]string{"#4e79a7", "#76b7b2", "#59a14f", "#edc948", "#f7a35c", "#e15759", "#b07aa1", "#c9ccd1"}[s]
}

// curves draws a line for each policy; points without a value are left out.
func (r *Result) curves(says string, value func(p *PolicyResult, i int) (float64, bool), label func(v float64) string) template.HTML {
	most := 0.0
	for i := range r.Policies {
		for k := range r.Points {
			if v, ok := value(&r.Policies[i], k); ok {
				most = max(most, v)
			}
		}
	}
	if most == 0 {
		most = 1
	}
	s := chart.New(300, says)
	s.Axes(most, r.Visits, "visits", label)
	for i := range r.Policies {
		p := &r.Policies[i]
		var line []string
		last := 0.0
		for k, n := range r.Points {
			if v, ok := value(p, k); ok {
				line = append(line, fmt.Sprintf("%.1f,%.1f", s.X(float64(n)/float64(r.Visits)), s.Y(v/most)))
				last = v
			}
		}
		s.Titled("%s: %s in the end", p.Name, label(last))
		s.Put(`<polyline class="curve" stroke="%s" points="%s"/></g>`, r.policyColor(i), strings.Join(line, " "))
	}
	return s.Done()
}

func (r *Result) regretPicture() template.HTML {
	return r.curves("Regret so far of each policy", func(p *PolicyResult, i int) (float64, bool) { return p.RegretCurve[i], true },
		func(v float64) string { return chart.Thousands(int(math.Round(v))) })
}

func (r *Result) conversionPicture() template.HTML {
	return r.curves(fmt.Sprintf("Orders by visit over the last %d visits, of each policy", r.Window),
		func(p *PolicyResult, i int) (float64, bool) {
			if p.ConversionCurve[i] == nil {
				return 0, false
			}
			return *p.ConversionCurve[i], true
		}, func(v float64) string { return fmt.Sprintf("%.1f %%", 100*v) })
}

// stagePicture stacks the shares of visits that ended in each state.
func (r *Result) stagePicture(p *PolicyResult) template.HTML {
	s := chart.New(230, "Shares of visits by the state they ended in, under "+p.Name)
	s.Axes(1, r.Visits, "visits", func(v float64) string { return fmt.Sprintf("%.0f %%", 100*v) })
	const width = 4 // points that are drawn as one, so that the picture is calm
	n := len(p.Stages) / width
	low := make([]float64, n)
	for state := range NumStates {
		var up, down []string
		total := 0.0
		for i := range n {
			share := 0.0
			for _, stages := range p.Stages[i*width : (i+1)*width] {
				share += stages[state] / width
			}
			total += share / float64(n)
			for _, edge := range []float64{float64(i) / float64(n), float64(i+1) / float64(n)} {
				down = append(down, fmt.Sprintf("%.1f,%.1f", s.X(edge), s.Y(min(low[i], 1))))
				up = append(up, fmt.Sprintf("%.1f,%.1f", s.X(edge), s.Y(min(low[i]+share, 1))))
			}
			low[i] += share
		}
		slices.Reverse(down)
		up = append(up, down...)
		s.Titled("%s: %.1f %% of all visits", State(state), 100*total)
		s.Put(`<polygon fill="%s" fill-opacity=".8" points="%s"/></g>`, stateColor(state), strings.Join(up, " "))
	}
	return s.Done()
}

// flowPicture has a bow for every move between states: onwards above, back below, as wide as there were visits.
func (r *Result) flowPicture(p *PolicyResult) template.HTML {
	const nodeY, node, step = 112.0, 30.0, chart.Width / NumStates
	s := chart.New(224, "Moves in visits from state to state, under "+p.Name)
	most := 0
	for from, line := range p.Moves {
		for to, n := range line {
			if from != to {
				most = max(most, n)
			}
		}
	}
	middle := func(i int) float64 { return step * (float64(i) + 0.5) }
	for from, line := range p.Moves {
		all := 0
		for _, n := range line {
			all += n
		}
		for to, n := range line {
			if from == to || n == 0 {
				continue
			}
			edge, away, side := nodeY, -1.0, 8.0
			if to < from {
				edge, away, side = nodeY+node, 1, -8
			}
			bend := edge + away*(20+12*math.Abs(float64(to-from)))
			width := max(14*float64(n)/float64(most), 0.4)
			s.Titled("%s → %s: %s visits, %.1f %% of those in %s", State(from), State(to), chart.Thousands(n),
				100*float64(n)/float64(all), State(from))
			s.Put(`<path class="bow" stroke="%s" stroke-width="%.2f" d="M%.1f %.1fC%.1f %.1f %.1f %.1f %.1f %.1f"/></g>`,
				stateColor(from), width, middle(from)+side, edge, middle(from)+side, bend, middle(to)-side, bend, middle(to)-side, edge)
		}
	}
	for i, line := range p.Moves {
		all, name := 0, State(i).String()
		for _, n := range line {
			all += n
		}
		s.Titled("%s: %s visits began here", name, chart.Thousands(all))
		s.Put(`<rect fill="%s" fill-opacity=".45" x="%.1f" y="%g" width="%.1f" height="%g" rx="4"/>`,
			stateColor(i), middle(i)-step/2+2, nodeY, step-4, node)
		s.Put(`<text class="name" x="%.1f" y="%.1f" text-anchor="middle">%s</text>`, middle(i), nodeY+13, html.EscapeString(name))
		if all > 0 {
			s.Text(middle(i), nodeY+25, "middle", "small", fmt.Sprintf("%.0f %% stay", 100*float64(line[i])/float64(all)))
		}
		s.Put("</g>")
	}
	return s.Done()
}
