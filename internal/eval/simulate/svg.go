package simulate

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
	canvasRight  = 12.0
	canvasTop    = 8.0
	canvasBottom = 34.0
)

// svg gathers a picture. What comes from outside is escaped on the way in.
type svg struct {
	strings.Builder
	left, right, top, bottom float64
}

// newSVG is a picture of a height, which says in words what it shows.
func newSVG(height float64, says string) *svg {
	s := &svg{left: canvasLeft, right: canvasWidth - canvasRight, top: canvasTop, bottom: height - canvasBottom}
	says = html.EscapeString(says)
	s.put(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %g %g" role="img" aria-label="%s"><title>%s</title>`,
		canvasWidth, height, says, says)
	return s
}

func (s *svg) put(format string, args ...any) { fmt.Fprintf(s, format, args...) }

// x and y place a share of the plot.
func (s *svg) x(p float64) float64 { return s.left + p*(s.right-s.left) }
func (s *svg) y(p float64) float64 { return s.bottom - p*(s.bottom-s.top) }

func (s *svg) text(x, y float64, anchor, class, text string) {
	s.put(`<text class="%s" x="%.1f" y="%.1f" text-anchor="%s">%s</text>`, class, x, y, anchor, html.EscapeString(text))
}

func (s *svg) line(x1, y1, x2, y2 float64) {
	s.put(`<line class="rule" x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f"/>`, x1, y1, x2, y2)
}

// axes draws heights up to most, named by label, and the visits to the right.
func (s *svg) axes(most float64, visits int, label func(v float64) string) {
	step := niceStep(most)
	for i := 0; float64(i)*step <= most; i++ {
		v := float64(i) * step
		s.line(s.left, s.y(v/most), s.right, s.y(v/most))
		s.text(s.left-6, s.y(v/most)+4, "end", "", label(v))
	}
	step = niceStep(float64(visits))
	for i := 0; float64(i)*step <= float64(visits); i++ {
		x := s.x(float64(i) * step / float64(visits))
		s.line(x, s.top, x, s.bottom)
		anchor := "middle"
		if x > s.right-12 {
			anchor = "end"
		}
		s.text(x, s.bottom+14, anchor, "", thousands(int(float64(i)*step)))
	}
	s.text(s.x(0.5), s.bottom+29, "middle", "", "visits")
}

// titled opens a group that shows a text under the pointer; it is closed by "</g>".
func (s *svg) titled(format string, args ...any) {
	s.put(`<g><title>%s</title>`, html.EscapeString(fmt.Sprintf(format, args...)))
}

// done is the picture.
func (s *svg) done() template.HTML {
	s.WriteString("</svg>")
	return template.HTML(s.String()) //nolint:gosec // built above from numbers and escaped text only
}

// niceStep is a step with one digit that goes into most at most five times.
func niceStep(most float64) float64 {
	if most <= 0 {
		return 1
	}
	step := math.Pow(10, math.Floor(math.Log10(most/5)))
	for _, by := range []float64{1, 2, 5} {
		if step*by*5 >= most {
			return step * by
		}
	}
	return step * 10
}

// thousands is a number as people read it: 39 964.
func thousands(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "\u202f" + s[i:]
	}
	return s
}
