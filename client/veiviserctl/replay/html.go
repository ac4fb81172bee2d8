package replay

import (
	_ "embed" // the page is in page.html
	"fmt"
	"html/template"
	"io"
	"strings"
	"time"
)

//go:embed page.html
var page string

// htmlRows bounds the table of items on the page; the JSON has all of them.
const htmlRows = 100

// HTML writes the report as one page with pictures that needs nothing else: no script, no font, no network.
func (r *Report) HTML(w io.Writer) error {
	t, err := template.New("page").Funcs(template.FuncMap{
		"day":     day,
		"join":    strings.Join,
		"percent": func(p float64) string { return fmt.Sprintf("%.1f %%", 100*p) },
		"ms":      func(v float64) string { return fmt.Sprintf("%.2f", v) },
		"count":   func(v float64) string { return thousands(int(v + 0.5)) },
		"num":     thousands,
		"seconds": func(v float64) string { return (time.Duration(v*1000) * time.Millisecond).String() },
		"color":   stageColor,
		"lower":   strings.ToLower,
		"top":     func(list []Served) []Served { return first(list, htmlRows) },
	}).Parse(page)
	if err != nil {
		return err
	}
	return t.Execute(w, map[string]any{
		"R": r, "StagesPicture": r.stagesPicture(), "ItemsPicture": r.itemsPicture(), "LatencyPicture": r.latencyPicture(),
		"CurvePicture": r.curvePicture(), "InOrder": r.InOrder(), "More": max(0, len(r.Served.Items)-htmlRows),
	})
}

// thousands is a number as people read it: 39 964.
func thousands(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "\u202f" + s[i:]
	}
	return s
}

// stageColor is the colour of a stage: from early and cool to late and warm, grey for unsure.
func stageColor(name string) string {
	switch name {
	case "need":
		return "#4e79a7"
	case "search":
		return "#76b7b2"
	case "evaluate":
		return "#59a14f"
	case "purchase":
		return "#edc948"
	case "use":
		return "#f28e2b"
	case "advocate":
		return "#e15759"
	}
	return "#c9ccd1"
}
