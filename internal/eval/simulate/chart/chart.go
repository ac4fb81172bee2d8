// Package chart draws small pictures for reports: SVG without script, font or network, in one style, as wide as a phone or a
// third of a screen so that their text is as large as it says on both.
//
//	s := chart.New(230, "Orders by month")
//	s.Axes(40, 12, "months", func(v float64) string { return chart.Thousands(int(v)) })
//	s.Put(`<rect class="bar" x="%.1f" y="%.1f" width="8" height="%.1f"/>`, s.X(0.5), s.Y(1), s.Y(0)-s.Y(1))
//	picture := s.Done()
package chart

import (
	_ "embed" // the style is in style.css
	"fmt"
	"html"
	"html/template"
	"math"
	"strings"
)

//go:embed style.css
var style string

// Style is what a page needs for its pictures, figures and tables to look like the others.
func Style() template.CSS {
	return template.CSS(style) //nolint:gosec // nothing from outside is in it
}

// Width is that of every picture, in its own units.
const Width = 360.0

const (
	canvasLeft   = 44.0
	canvasRight  = 12.0
	canvasTop    = 8.0
	canvasBottom = 34.0
)

// SVG gathers a picture. What comes from outside is escaped on the way in.
type SVG struct {
	strings.Builder
	// Left, Right, Top and Bottom are the edges of the plot.
	Left, Right, Top, Bottom float64
}

// New is a picture of a height, which says in words what it shows.
func New(height float64, says string) *SVG {
	s := &SVG{Left: canvasLeft, Right: Width - canvasRight, Top: canvasTop, Bottom: height - canvasBottom}
	says = html.EscapeString(says)
	s.Put(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %g %g" role="img" aria-label="%s"><title>%s</title>`,
		Width, height, says, says)
	return s
}

// Put writes an element.
func (s *SVG) Put(format string, args ...any) { fmt.Fprintf(s, format, args...) }

// X places a share of the width of the plot.
func (s *SVG) X(p float64) float64 { return s.Left + p*(s.Right-s.Left) }

// Y places a share of its height, from the bottom.
func (s *SVG) Y(p float64) float64 { return s.Bottom - p*(s.Bottom-s.Top) }

// Text writes a text at a place; anchor is start, middle or end.
func (s *SVG) Text(x, y float64, anchor, class, text string) {
	s.Put(`<text class="%s" x="%.1f" y="%.1f" text-anchor="%s">%s</text>`, class, x, y, anchor, html.EscapeString(text))
}

// Line draws a thin grey line.
func (s *SVG) Line(x1, y1, x2, y2 float64) {
	s.Put(`<line class="rule" x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f"/>`, x1, y1, x2, y2)
}

// Axes draws heights up to most, named by label, and counts up to wide of a unit to the right.
func (s *SVG) Axes(most float64, wide int, unit string, label func(v float64) string) {
	step := NiceStep(most)
	for i := 0; float64(i)*step <= most; i++ {
		v := float64(i) * step
		s.Line(s.Left, s.Y(v/most), s.Right, s.Y(v/most))
		s.Text(s.Left-6, s.Y(v/most)+4, "end", "", label(v))
	}
	step = NiceStep(float64(wide))
	for i := 0; float64(i)*step <= float64(wide); i++ {
		x := s.X(float64(i) * step / float64(wide))
		s.Line(x, s.Top, x, s.Bottom)
		anchor := "middle"
		if x > s.Right-12 {
			anchor = "end"
		}
		s.Text(x, s.Bottom+14, anchor, "", Thousands(int(float64(i)*step)))
	}
	s.Text(s.X(0.5), s.Bottom+29, "middle", "", unit)
}

// Titled opens a group that shows a text under the pointer; it is closed by "</g>".
func (s *SVG) Titled(format string, args ...any) {
	s.Put(`<g><title>%s</title>`, html.EscapeString(fmt.Sprintf(format, args...)))
}

// Done is the picture.
func (s *SVG) Done() template.HTML {
	s.WriteString("</svg>")
	return template.HTML(s.String()) //nolint:gosec // built above from numbers and escaped text only
}

// NiceStep is a step with one digit that goes into most at most five times.
func NiceStep(most float64) float64 {
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

// Thousands is a number as people read it: 39 964.
func Thousands(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "\u202f" + s[i:]
	}
	return s
}
