package replay

import (
	"fmt"
	"html"
	"html/template"
	"math"
	"slices"
	"strings"
)

// The pictures are drawn on a canvas as wide as the page, or as half of it, and shrink with the page.
const (
	canvasFull   = 1100.0
	canvasHalf   = 540.0
	canvasLeft   = 56.0
	canvasRight  = 16.0
	canvasTop    = 12.0
	canvasBottom = 34.0
)

// svg gathers a picture. What comes from outside is escaped on the way in.
type svg struct {
	strings.Builder
	width, height float64
}

func newSVG(width, height float64, title string) *svg {
	s := &svg{width: width, height: height}
	s.put(`<svg viewBox="0 0 %g %g" role="img" aria-label="%s">`, width, height, html.EscapeString(title))
	return s
}

func (s *svg) put(format string, args ...any) { fmt.Fprintf(s, format, args...) }

func (s *svg) text(x, y float64, anchor, text string) {
	s.put(`<text x="%.1f" y="%.1f" text-anchor="%s">%s</text>`, x, y, anchor, html.EscapeString(text))
}

// x and y place a share of the plot on the canvas.
func (s *svg) x(p float64) float64 { return canvasLeft + p*(s.width-canvasLeft-canvasRight) }

func (s *svg) y(p float64) float64 {
	return s.height - canvasBottom - p*(s.height-canvasBottom-canvasTop)
}

// rules draws horizontal lines with their labels, from 0 to 1 of the plot.
func (s *svg) rules(n int, label func(p float64) string) {
	for i := range n + 1 {
		p := float64(i) / float64(n)
		s.put(`<line class="rule" x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f"/>`, s.x(0), s.x(1), s.y(p), s.y(p))
		s.text(s.x(0)-6, s.y(p)+4, "end", label(p))
	}
}

// done is the picture.
func (s *svg) done() template.HTML {
	s.WriteString("</svg>")
	return template.HTML(s.String()) //nolint:gosec // built above from numbers and escaped text only
}

// stagesPicture is a stacked area: where needs stood, from the first tenth of the log to the last.
func (r *Report) stagesPicture() template.HTML {
	var known []StageReport
	for _, t := range r.Stages {
		if t.Needs > 0 {
			known = append(known, t)
		}
	}
	if len(known) == 0 {
		return ""
	}
	if len(known) == 1 { // an area needs two ends
		known = append(known, known[0])
	}
	s := newSVG(canvasFull, 300, "Share of needs by stage over the log")
	at := func(i int) float64 { return s.x(float64(i) / float64(len(known)-1)) }
	base := make([]float64, len(known))
	for k, name := range r.StageNames {
		var up, down []string
		for i, t := range known {
			down = append(down, fmt.Sprintf("%.1f,%.1f", at(i), s.y(base[i])))
			base[i] += t.Share[k]
			up = append(up, fmt.Sprintf("%.1f,%.1f", at(i), s.y(base[i])))
		}
		for _, point := range slices.Backward(down) {
			up = append(up, point)
		}
		s.put(`<polygon fill="%s" points="%s"><title>%s</title></polygon>`, stageColor(name), strings.Join(up, " "), html.EscapeString(name))
	}
	s.rules(4, func(p float64) string { return fmt.Sprintf("%.0f %%", 100*p) })
	for i, t := range known {
		anchor := "middle"
		if i == len(known)-1 {
			anchor = "end"
		}
		s.text(at(i), s.height-12, anchor, t.UpTo.Format("2 Jan 15:04"))
	}
	return s.done()
}

// itemsPicture has a bar for each of the items served most.
func (r *Report) itemsPicture() template.HTML {
	items := first(r.Served.Items, 15)
	if len(items) == 0 {
		return ""
	}
	const row, labels = 24.0, 170.0
	s := newSVG(canvasHalf, row*float64(len(items))+10, "Items served most")
	for i, item := range items {
		y := 4 + row*float64(i)
		width := (canvasHalf - labels - 60) * float64(item.Count) / float64(items[0].Count)
		s.text(labels-8, y+15, "end", cut(item.Item, 26))
		s.put(`<rect class="%s" x="%.1f" y="%.1f" width="%.1f" height="%.1f" rx="2"><title>%s</title></rect>`,
			html.EscapeString(item.Kind), labels, y+3, max(width, 1), row-7, html.EscapeString(item.Title))
		s.text(labels+width+6, y+15, "start", thousands(item.Count))
	}
	return s.done()
}

// cut shortens a label.
func cut(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}

// timeScale places latencies on a logarithmic axis.
func (r *Report) timeScale() (low, high float64) {
	low, high = math.Inf(1), 0
	for _, l := range r.Speed.Latency {
		if n := len(l.Buckets); n > 0 {
			low, high = min(low, l.Buckets[0].UpTo/math.Sqrt2), max(high, l.Buckets[n-1].UpTo)
		}
	}
	return low, high
}

// msTicks draws the axis of milliseconds.
func (s *svg) msTicks(place func(ms float64) float64, low, high float64) {
	for _, ms := range []float64{0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000} {
		if ms >= low && ms <= high {
			s.put(`<line class="tick" x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f"/>`, place(ms), place(ms), s.y(0), s.y(0)+4)
			s.text(min(place(ms), s.x(1)-6), s.height-12, "middle", fmt.Sprintf("%g ms", ms))
		}
	}
}

// latencyPicture is a histogram of how long calls took, a colour for each kind of call.
func (r *Report) latencyPicture() template.HTML {
	low, high := r.timeScale()
	if high == 0 {
		return ""
	}
	s := newSVG(canvasHalf, 240, "How long calls took")
	place := func(ms float64) float64 { return s.x(math.Log(ms/low) / math.Log(high/low)) }
	most := 0.0
	for _, l := range r.Speed.Latency {
		for _, b := range l.Buckets {
			most = max(most, ratio(b.Calls, l.Calls))
		}
	}
	s.rules(4, func(p float64) string { return fmt.Sprintf("%.0f %%", 100*p*most) })
	for i, l := range r.Speed.Latency {
		for _, b := range l.Buckets {
			left, right, p := place(b.UpTo/math.Sqrt2), place(b.UpTo), ratio(b.Calls, l.Calls)/most
			half := (right - left) / float64(len(r.Speed.Latency))
			s.put(`<rect class="call%d" x="%.1f" y="%.1f" width="%.1f" height="%.1f"><title>%s: %s calls up to %.2f ms</title></rect>`,
				i, left+half*float64(i)+0.5, s.y(p), max(half-1, 1), s.y(0)-s.y(p), html.EscapeString(l.Call), thousands(b.Calls), b.UpTo)
		}
	}
	s.msTicks(place, low, high)
	return s.done()
}

// curvePicture shows which share of the calls was done after which time.
func (r *Report) curvePicture() template.HTML {
	low, high := r.timeScale()
	if high == 0 {
		return ""
	}
	s := newSVG(canvasHalf, 240, "Share of calls done after a time")
	place := func(ms float64) float64 { return s.x(math.Log(ms/low) / math.Log(high/low)) }
	s.rules(4, func(p float64) string { return fmt.Sprintf("%.0f %%", 100*p) })
	for i, l := range r.Speed.Latency {
		points := []string{fmt.Sprintf("%.1f,%.1f", s.x(0), s.y(0))}
		done := 0
		for k, b := range l.Buckets {
			if k == 0 {
				points = append(points, fmt.Sprintf("%.1f,%.1f", place(b.UpTo/math.Sqrt2), s.y(0)))
			}
			done += b.Calls
			points = append(points, fmt.Sprintf("%.1f,%.1f", place(b.UpTo), s.y(ratio(done, l.Calls))))
		}
		s.put(`<polyline class="line%d" points="%s"><title>%s</title></polyline>`, i, strings.Join(points, " "), html.EscapeString(l.Call))
	}
	s.msTicks(place, low, high)
	return s.done()
}
