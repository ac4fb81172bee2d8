package bonds

import (
	"fmt"
	"html/template"
	"math"
	"slices"
	"strings"

	"github.com/veiviser/veiviser/internal/eval/simulate/chart"
)

// shopColor tells shops apart; the one that knows everything is black.
func (r *Result) shopColor(i int) string {
	if r.Shops[i].Name == oracleName {
		return "#20242a"
	}
	return []string{"#4e79a7", "#f28e2b", "#b07aa1", "#9c755f"}[i%4]
}

// placeColor is the colour of a place: waiting yellow, then from pale to deep the higher, who left grey.
func (r *Result) placeColor(i int) string {
	blues := []string{"#d6e4f0", "#a9cbe3", "#74a9cf", "#3f83b5", "#1f5f94", "#0c3f6b", "#062747"}
	switch {
	case i == isWaiting:
		return "#edc948"
	case i == len(r.Places)-1:
		return "#d3d5d9"
	default:
		return blues[min(i-1, len(blues)-1)]
	}
}

func percentAt(v float64) string { return fmt.Sprintf("%.0f %%", 100*v) }

func countAt(v float64) string { return chart.Thousands(int(math.Round(v))) }

// between draws heights from low, at most 0, to high, and gives where a height lies.
func between(s *chart.SVG, low, high float64, label func(float64) string) (y func(float64) float64) {
	y = func(v float64) float64 { return s.Y((v - low) / (high - low)) }
	step := chart.NiceStep(high - low)
	for k := math.Ceil(low / step); k*step <= high; k++ {
		s.Line(s.Left, y(k*step), s.Right, y(k*step))
		s.Text(s.Left-6, y(k*step)+4, "end", "", label(k*step))
	}
	s.Put(`<line stroke="#565e69" x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f"/>`, s.Left, y(0), s.Right, y(0))
	return y
}

// line is a curve over days.
type line struct {
	name, color string
	dashed      bool
	step        int // days between points
	points      []float64
}

// lines draws curves of shares over days.
func lines(says string, most float64, list ...line) template.HTML {
	wide := 1
	for i := range list {
		wide = max(wide, (len(list[i].points)-1)*list[i].step)
	}
	s := chart.New(230, says)
	s.Axes(most, wide, "days", percentAt)
	for i := range list {
		l := &list[i]
		if len(l.points) == 0 {
			continue
		}
		at := make([]string, len(l.points))
		for k, v := range l.points {
			at[k] = fmt.Sprintf("%.1f,%.1f", s.X(float64(k*l.step)/float64(wide)), s.Y(v/most))
		}
		class := "curve"
		if l.dashed {
			class = "curve dash"
		}
		s.Titled("%s: %s in the end", l.name, percentAt(l.points[len(l.points)-1]))
		s.Put(`<polyline class="%s" stroke="%s" points="%s"/></g>`, class, l.color, strings.Join(at, " "))
	}
	return s.Done()
}

// ledColor and comparedColor tell those led back from the control.
const (
	ledColor      = "#2f8f5b"
	comparedColor = "#e15759"
)

// highest is the top of an axis for curves: the highest of them, and some air.
func highest(curves ...[]float64) float64 {
	most := 0.05
	for _, c := range curves {
		if len(c) > 0 {
			most = max(most, slices.Max(c))
		}
	}
	return min(1.08*most, 1)
}

// backPicture is who had come back by when.
func (r *Result) backPicture() template.HTML {
	e, s := &r.Effect, &r.Shops[0]
	return lines("Share that had come back, by days since it was put right: led back, control, and the truth",
		highest(e.AllCurve, e.NoneCurve, s.LedCurve, s.ComparedCurve),
		line{"truth, all led back", ledColor, true, 1, e.AllCurve}, line{"truth, nobody led back", comparedColor, true, 1, e.NoneCurve},
		line{"led back", ledColor, false, 1, s.LedCurve}, line{"control", comparedColor, false, 1, s.ComparedCurve})
}

// effectPicture sets the shop's estimate beside the truth.
func (r *Result) effectPicture() template.HTML {
	e := &r.Effect
	s := chart.New(130, "The effect of leading back: the truth, and the shop's estimate with its interval")
	low, high := 0.0, 0.1
	for _, v := range []float64{e.True, e.Low, e.High} {
		low, high = min(low, v), max(high, v)
	}
	low, high = math.Floor(low*20)/20, math.Ceil(high*20)/20
	x := func(v float64) float64 { return s.X((v - low) / (high - low)) }
	for k := math.Ceil(low * 10); k <= high*10; k++ {
		s.Line(x(k/10), s.Top, x(k/10), s.Bottom)
		s.Text(x(k/10), s.Bottom+14, "middle", "", fmt.Sprintf("%.0f", 10*k))
	}
	s.Text(s.X(0.5), s.Bottom+29, "middle", "", "more who came back, in percentage points")
	middle := s.Y(0.45)
	if e.Estimated {
		s.Titled("the shop's estimate: %+.1f points, 95 %% interval %+.1f to %+.1f", 100*e.Estimate, 100*e.Low, 100*e.High)
		s.Put(`<line stroke="%s" stroke-width="3" x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f"/>`, r.shopColor(0), x(e.Low), middle, x(e.High), middle)
		s.Put(`<circle fill="%s" cx="%.1f" cy="%.1f" r="6"/></g>`, r.shopColor(0), x(e.Estimate), middle)
		s.Text(x(e.High), middle-12, "end", "", "estimate")
	}
	if e.Known {
		s.Titled("the truth: %+.1f points", 100*e.True)
		s.Put(`<line stroke="#20242a" stroke-width="2" x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f"/></g>`, x(e.True), s.Top+10, x(e.True), s.Bottom)
		s.Text(x(e.True), s.Top+4, "middle", "name", "truth")
	}
	return s.Done()
}

// handedPicture is when first orders were handed over, by how the delivery went.
func (r *Result) handedPicture() template.HTML {
	var list []line
	for i, f := range r.Shops[0].Fates {
		list = append(list, line{f.Name, fateColor(i), false, 1, f.Curve})
	}
	return lines("Share of first orders handed over, by days since the order", 1, list...)
}

func fateColor(i int) string { return []string{"#2f8f5b", "#edc948", "#e15759"}[i%3] }

// keptPicture is how many customers stayed.
func (r *Result) keptPicture() template.HTML {
	list := make([]line, len(r.Shops))
	for i := range r.Shops {
		list[i] = line{r.Shops[i].Name, r.shopColor(i), false, r.Shops[i].KeptStep, r.Shops[i].Kept}
	}
	return lines("Share of customers still there, by days since the first order", 1, list...)
}

// bar is a bar with its name.
type bar struct {
	name, color string
	value       float64
}

// bars draws bars below each other, each under its name.
func bars(says string, label func(float64) string, list ...bar) template.HTML {
	const high = 34
	s := chart.New(float64(high*len(list)+12), says)
	most := 0.0
	for i := range list {
		most = max(most, list[i].value)
	}
	if most == 0 {
		most = 1
	}
	for i := range list {
		b := &list[i]
		y := float64(8 + high*i)
		s.Text(4, y+8, "start", "", b.name)
		width := (chart.Width - 70) * b.value / most
		s.Titled("%s: %s", b.name, label(b.value))
		s.Put(`<rect fill="%s" x="4" y="%.1f" width="%.1f" height="12" rx="2"/></g>`, b.color, y+12, max(width, 1))
		s.Text(4+width+6, y+22, "start", "name", label(b.value))
	}
	return s.Done()
}

// wrongTimePicture is the offers that were shown at the wrong time.
func (r *Result) wrongTimePicture() template.HTML {
	var list []bar
	for i := range r.Shops {
		if s := &r.Shops[i]; s.Name != oracleName {
			list = append(list, bar{s.Name + ", before the first order was delivered right", r.shopColor(i), float64(s.Shown.OffersBeforeRight)},
				bar{s.Name + ", while something was to be put right", r.shopColor(i), float64(s.Shown.OffersInCase)})
		}
	}
	return bars("Offers shown at the wrong time", countAt, list...)
}

// placesPicture stacks people by where they are.
func (r *Result) placesPicture(p *ShopResult) template.HTML {
	s := chart.New(240, "People who have ordered, by where they stand, under "+p.Name)
	most := 1
	for i := range r.Shops {
		for _, m := range r.Shops[i].Months {
			sum := 0
			for _, n := range m {
				sum += n
			}
			most = max(most, sum)
		}
	}
	n := len(p.Months)
	s.Axes(float64(most), n, "months", countAt)
	low := make([]float64, n+1)
	for place := range r.Places {
		var up, down []string
		for i := range n + 1 {
			people := 0.0
			if i > 0 {
				people = float64(p.Months[i-1][place])
			}
			x := s.X(float64(i) / float64(n))
			down = append(down, fmt.Sprintf("%.1f,%.1f", x, s.Y(low[i]/float64(most))))
			low[i] += people
			up = append(up, fmt.Sprintf("%.1f,%.1f", x, s.Y(low[i]/float64(most))))
		}
		slices.Reverse(down)
		s.Titled("%s: %s people in the end", r.Places[place], chart.Thousands(p.Months[n-1][place]))
		s.Put(`<polygon fill="%s" points="%s"/></g>`, r.placeColor(place), strings.Join(append(up, down...), " "))
	}
	return s.Done()
}

// climbsPicture is who climbed and who stepped down, month by month.
func (r *Result) climbsPicture() template.HTML {
	s := chart.New(230, "Promotions up and demotions down, by month")
	up, down := 1, 1
	for i := range r.Shops {
		up, down = max(up, slices.Max(r.Shops[i].Promoted)), max(down, slices.Max(r.Shops[i].Demoted))
	}
	y := between(s, -float64(down), float64(up), func(v float64) string { return countAt(math.Abs(v)) })
	n := float64(len(r.Shops[0].Promoted))
	width := (s.X(1/n) - s.X(0)) * 0.84 / float64(max(len(r.Shops)-1, 1))
	shown := 0
	for i := range r.Shops {
		p := &r.Shops[i]
		if p.Name == oracleName {
			continue
		}
		for m := range p.Promoted {
			x := s.X((float64(m)+0.08)/n) + float64(shown)*width
			top, low := y(float64(p.Promoted[m])), y(-float64(p.Demoted[m]))
			s.Titled("%s, month %d: %d up, %d down", p.Name, m+1, p.Promoted[m], p.Demoted[m])
			s.Put(`<rect fill="%s" x="%.1f" y="%.1f" width="%.1f" height="%.1f"/>`, r.shopColor(i), x, top, width, y(0)-top)
			s.Put(`<rect fill="%s" fill-opacity=".55" x="%.1f" y="%.1f" width="%.1f" height="%.1f"/></g>`, r.shopColor(i), x, y(0), width, low-y(0))
		}
		shown++
	}
	for m := 5; m <= int(n); m += 5 {
		s.Text(s.X((float64(m)-0.5)/n), s.Bottom+14, "middle", "", fmt.Sprint(m))
	}
	s.Text(s.X(0.5), s.Bottom+29, "middle", "", "months")
	return s.Done()
}

// tiersPicture is what people of each class of value ordered.
func (r *Result) tiersPicture() template.HTML {
	var list []bar
	for t := len(r.Shops[0].Tiers) - 1; t >= 0; t-- {
		if r.Shops[0].Tiers[t].People == 0 {
			continue
		}
		for i := range r.Shops {
			if r.Shops[i].Name == oracleName {
				continue
			}
			x := &r.Shops[i].Tiers[t]
			name := x.Tier
			if name == "" {
				name = "below all tiers"
			}
			list = append(list, bar{fmt.Sprintf("%s, %s (%s)", name, r.Shops[i].Name, chart.Thousands(x.People)), r.shopColor(i), x.Value})
		}
	}
	return bars("Value by tier", countAt, list...)
}

// sourceColor tells sources apart; all together is black.
func sourceColor(source string) string {
	if i := slices.Index(sources[:], source); i >= 0 {
		return []string{"#4e79a7", "#b07aa1", "#76b7b2", "#e15759", "#9c755f"}[i]
	}
	return "#20242a"
}

// moneyPicture is what first-time customers have brought beyond their cost, by days since the first order.
func (r *Result) moneyPicture() template.HTML {
	s := chart.New(230, "Value of a first-time customer less her cost, by days since the first order and by source")
	low, high, wide := 0.0, 1.0, 1
	rows := r.Shops[0].Books.Acquired
	for i := range rows {
		a := &rows[i]
		if len(a.Curve) > 0 {
			low, high, wide = min(low, a.Curve[0]-a.Cost), max(high, slices.Max(a.Curve)-a.Cost), max(wide, len(a.Curve)-1)
		}
	}
	y := between(s, low, high, countAt)
	for d := 0.0; d <= float64(wide); d += chart.NiceStep(float64(wide)) {
		s.Text(s.X(d/float64(wide)), s.Bottom+14, "middle", "", countAt(d))
	}
	s.Text(s.X(0.5), s.Bottom+29, "middle", "", "days")
	for i := range rows {
		a := &rows[i]
		var at []string
		last := 0.0
		for d := range wide + 1 { // nobody orders on every day
			if d < len(a.Curve) {
				last = a.Curve[d]
			}
			at = append(at, fmt.Sprintf("%.1f,%.1f", s.X(float64(d)/float64(wide)), y(last-a.Cost)))
		}
		s.Titled("%s: %s beyond the cost in the end", sourceName(a.Source), countAt(a.Value-a.Cost))
		s.Put(`<polyline class="curve" stroke="%s" points="%s"/></g>`, sourceColor(a.Source), strings.Join(at, " "))
	}
	return s.Done()
}

func sourceName(source string) string {
	if source == "" {
		return "all"
	}
	return source
}
