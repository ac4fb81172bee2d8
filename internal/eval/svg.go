package eval

import (
	"fmt"
	"html"
	"html/template"
	"math"
	"strings"
)

// Pictures are about as wide as a phone or a third of a screen, so that their text is as large as it says on both.
const (
	canvasWidth  = 360.0
	canvasLeft   = 44.0
	canvasRight  = 20.0
	canvasTop    = 8.0
	canvasBottom = 34.0
)

// svg gathers a picture. What comes from outside is escaped on the way in.
type svg struct {
	strings.Builder
	// The plot lies within these; x and y place a share of it.
	left, right, top, bottom float64
}

// newSVG is a picture of a height, which says in words what it shows.
func newSVG(width, height float64, says string) *svg {
	s := &svg{left: canvasLeft, right: width - canvasRight, top: canvasTop, bottom: height - canvasBottom}
	says = html.EscapeString(says)
	s.put(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %g %g" role="img" aria-label="%s"><title>%s</title>`, width, height, says, says)
	return s
}

func (s *svg) put(format string, args ...any) { fmt.Fprintf(s, format, args...) }

func (s *svg) x(p float64) float64 { return s.left + p*(s.right-s.left) }
func (s *svg) y(p float64) float64 { return s.bottom - p*(s.bottom-s.top) }

func (s *svg) text(x, y float64, anchor, text string) {
	s.put(`<text x="%.1f" y="%.1f" text-anchor="%s">%s</text>`, x, y, anchor, html.EscapeString(text))
}

func (s *svg) line(class string, x1, y1, x2, y2 float64) {
	s.put(`<line class="%s" x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f"/>`, class, x1, y1, x2, y2)
}

// titled opens a group that shows a text under the pointer; it is closed by "</g>".
func (s *svg) titled(format string, args ...any) {
	s.put(`<g><title>%s</title>`, html.EscapeString(fmt.Sprintf(format, args...)))
}

// axis names what runs to the right.
func (s *svg) axis(name string) { s.text(s.x(0.5), s.bottom+29, "middle", name) }

// tick marks a place to the right.
func (s *svg) tick(x float64, label string) {
	s.line("rule", x, s.top, x, s.bottom)
	s.text(x, s.bottom+14, "middle", label)
}

// rule marks a height.
func (s *svg) rule(p float64, label string) {
	s.line("rule", s.left, s.y(p), s.right, s.y(p))
	s.text(s.left-6, s.y(p)+4, "end", label)
}

// band is an interval from left to right, high enough to be seen behind a dot when it is narrow.
func (s *svg) band(from, to, y float64) {
	s.put(`<rect class="band" x="%.1f" y="%.1f" width="%.1f" height="14" rx="2"/>`, from, y-7, max(to-from, 1))
}

// done is the picture.
func (s *svg) done() template.HTML {
	s.WriteString("</svg>")
	return template.HTML(s.String()) //nolint:gosec // built above from numbers and escaped text only
}

// strip is a figure with its interval on a line, for a headline.
func strip(says string, v, low, high *float64, from, to float64, label func(v float64) string) template.HTML {
	if v == nil {
		return ""
	}
	s := newSVG(160, 38, says)
	s.left, s.right, s.bottom = 10, 150, 12
	at := func(v float64) float64 { return s.x(min(max((v-from)/(to-from), 0), 1)) }
	s.line("rail", s.left, 12, s.right, 12)
	for _, end := range []float64{from, to} {
		s.line("tick", at(end), 7, at(end), 17)
	}
	s.text(s.left-8, 33, "start", label(from))
	s.text(s.right+8, 33, "end", label(to))
	if low != nil && high != nil {
		s.band(at(*low), at(*high), 12)
	}
	s.put(`<circle class="dot" cx="%.1f" cy="12" r="3.5"/>`, at(*v))
	return s.done()
}

// aucFrom is where axes of the area under the curve begin, the same for all targets: at chance, or below what is lower.
func (r *Report) aucFrom() float64 {
	from := 0.5
	for _, name := range r.names {
		for _, m := range r.Targets[name].rows() {
			for _, v := range []*float64{m.AUC, m.AUCLow} {
				if v != nil {
					from = min(from, math.Floor(*v*10)/10)
				}
			}
		}
	}
	return from
}

// aucPicture has a dot with its interval for the first events of a visit and for every event.
func (r *Report) aucPicture(name string) template.HTML {
	rows := r.Targets[name].rows()
	const height = 40.0
	says := make([]string, len(rows))
	for i, m := range rows {
		says[i] = m.Name + " " + figure(m.AUC, 3)
	}
	s := newSVG(canvasWidth, height*float64(len(rows))+canvasTop+canvasBottom, "AUC for "+name+": "+strings.Join(says, ", "))
	s.left, s.right = 82, canvasWidth-44
	from := r.aucFrom()
	at := func(v float64) float64 { return s.x((v - from) / (1 - from)) }
	for i := int(math.Round(from * 10)); i <= 10; i++ {
		s.tick(at(float64(i)/10), fmt.Sprintf("%.1f", float64(i)/10))
	}
	s.line("chance", at(0.5), s.top, at(0.5), s.bottom)
	s.axis("AUC (0.5 is chance)")
	for i, m := range rows {
		y := s.top + height*(float64(i)+0.5)
		s.text(s.left-8, y+4, "end", m.Name)
		s.text(canvasWidth-2, y+4, "end", figure(m.AUC, 3))
		if m.AUC == nil {
			continue
		}
		s.titled("%s: AUC %s %s, %s events", m.Name, figure(m.AUC, 4), between(m.AUCLow, m.AUCHigh, 4), thousands(m.N))
		if m.AUCLow != nil {
			s.band(at(*m.AUCLow), at(*m.AUCHigh), y)
		}
		s.put(`<circle class="dot" cx="%.1f" cy="%.1f" r="3.5"/></g>`, at(*m.AUC), y)
	}
	return s.done()
}

// reliabilityPicture lays how often predictions came true beside how likely they were said to be, in 15 bins, with the
// number of predictions in each below.
func (r *Report) reliabilityPicture(target int) template.HTML {
	c := &r.calibrations[target]
	s := newSVG(canvasWidth, 388, fmt.Sprintf("Reliability for %s: expected calibration error %s; frequency against probability in %d bins",
		r.names[target], figure(r.Targets[r.names[target]].Every.ECE, 4), bins))
	s.bottom = 308
	for i := range 5 {
		p := float64(i) / 4
		s.rule(p, fmt.Sprintf("%.0f %%", 100*p))
		s.tick(s.x(p), fmt.Sprintf("%.0f %%", 100*p))
	}
	s.line("chance", s.x(0), s.y(0), s.x(1), s.y(1))
	s.axis("across: predicted probability; up: came true")
	var points []string
	most := 0
	for _, b := range c.bins {
		most = max(most, b.n)
		if b.n > 0 {
			points = append(points, fmt.Sprintf("%.1f,%.1f", s.x(b.p/float64(b.n)), s.y(float64(b.positives)/float64(b.n))))
		}
	}
	s.put(`<polyline class="path" points="%s"/>`, strings.Join(points, " "))
	for i, b := range c.bins {
		if b.n == 0 {
			continue
		}
		said, was := b.p/float64(b.n), float64(b.positives)/float64(b.n)
		low, high := c.low[i], c.high[i]
		s.titled("predicted %.1f %%, came true %.1f %% %s, %s of %s", 100*said, 100*was, between(hundredfold(low), hundredfold(high), 1),
			thousands(b.positives), thousands(b.n))
		if low != nil {
			s.line("span", s.x(said), s.y(*low), s.x(said), s.y(*high))
		}
		s.put(`<circle class="dot" cx="%.1f" cy="%.1f" r="4"/>`, s.x(said), s.y(was))
		height := 2 + 22*math.Log1p(float64(b.n))/math.Log1p(float64(most))
		left, right := s.x(float64(i)/bins), s.x(float64(i+1)/bins)
		s.put(`<rect class="count" x="%.1f" y="%.1f" width="%.1f" height="%.1f"/><text class="small" x="%.1f" y="386" text-anchor="middle">%s</text></g>`,
			left+1, 376-height, right-left-2, height, (left+right)/2, brief(b.n))
	}
	s.text(s.left-6, 374, "end", "n")
	return s.done()
}

// niceStep is a step with one digit that goes into most at most five times.
func niceStep(most float64) float64 {
	step := math.Pow(10, math.Floor(math.Log10(most/5)))
	for _, by := range []float64{1, 2, 5} {
		if step*by*5 >= most {
			return step * by
		}
	}
	return step * 10
}

// scoresPicture is a histogram of the probabilities on an axis of log-odds, those that came true beside those that did
// not, each as a share of its kind.
func (r *Report) scoresPicture(target int) template.HTML {
	c := &r.calibrations[target]
	first, last := scoreBins, -1
	var all [2]int
	for i := range scoreBins {
		if c.scores[0][i]+c.scores[1][i] > 0 {
			first, last = min(first, i), i
		}
		all[0] += c.scores[0][i]
		all[1] += c.scores[1][i]
	}
	if last < 0 {
		return ""
	}
	const least = 16 // narrower would make a wall of one bar
	for last-first+1 < least && (first > 0 || last < scoreBins-1) {
		first, last = max(first-1, 0), min(last+1, scoreBins-1)
	}
	part := func(kind, i int) float64 { return float64(c.scores[kind][i]) / float64(max(all[kind], 1)) }
	most := 0.0
	for i := first; i <= last; i++ {
		most = max(most, part(0, i), part(1, i))
	}
	s := newSVG(canvasWidth, 300, "Histogram of the probabilities for "+r.names[target])
	step := niceStep(most)
	for i := 0; float64(i)*step <= most; i++ {
		s.rule(float64(i)*step/most, fmt.Sprintf("%g %%", math.Round(1e4*step*float64(i))/100))
	}
	at := func(i float64) float64 { return s.x((i - float64(first)) / float64(last+1-first)) }
	free := s.left - 20
	for _, p := range []float64{0.0002, 0.001, 0.003, 0.01, 0.03, 0.1, 0.25, 0.5, 0.75, 0.9, 0.97, 0.99, 0.999} {
		x := at((math.Log(p/(1-p)) + scoreEnd) / (2 * scoreEnd) * scoreBins)
		if x >= max(s.left, free) && x <= s.right-8 {
			s.tick(x, fmt.Sprintf("%g %%", math.Round(1e4*p)/100))
			free = x + 44
		}
	}
	s.axis("predicted probability, on a scale of log-odds")
	for i := first; i <= last; i++ {
		s.titled("came true: %s of %s; did not: %s of %s", thousands(c.scores[1][i]), thousands(all[1]), thousands(c.scores[0][i]), thousands(all[0]))
		left, width := at(float64(i)), at(float64(i+1))-at(float64(i))
		for kind, class := range []string{"miss", "hit"} {
			if p := part(kind, i); p > 0 {
				s.put(`<rect class="%s" x="%.1f" y="%.1f" width="%.1f" height="%.1f"/>`, class, left, s.y(p/most), max(width-0.5, 0.5), s.bottom-s.y(p/most))
			}
		}
		s.put("</g>")
	}
	return s.done()
}
