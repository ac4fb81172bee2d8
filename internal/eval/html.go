package eval

import (
	_ "embed" // the page is in page.html
	"fmt"
	"html/template"
	"io"
	"math"
)

//go:embed page.html
var page string

// headline is one figure at the top of the page.
type headline struct {
	Value, Interval, Name string
	Picture               template.HTML
}

// targetView is what the page shows of a target.
type targetView struct {
	Name                     string
	Rows                     []row
	AUC, Reliability, Scores template.HTML
}

// HTML writes the report as one page with pictures that needs nothing else: no script, no font, no network.
func (r *Report) HTML(w io.Writer) error {
	t, err := template.New("page").Funcs(template.FuncMap{
		"num": thousands, "figure": figure, "between": between, "percent": percent, "share": share, "plain": plain,
	}).Parse(page)
	if err != nil {
		return err
	}
	var targets []targetView
	for i, name := range r.names {
		v := targetView{Name: name, Rows: r.Targets[name].rows()}
		if r.Events > 0 {
			v.AUC, v.Reliability, v.Scores = r.aucPicture(name), r.reliabilityPicture(i), r.scoresPicture(i)
		}
		targets = append(targets, v)
	}
	return t.Execute(w, map[string]any{
		"R": r, "Title": r.title, "Source": r.source, "Size": r.size(), "Headlines": r.headlines(), "Targets": targets,
		"FlowPicture": r.flowPicture(), "Flow": r.table(r.flow), "Answers": r.table(r.answers),
	})
}

// headlines are the figures that matter most, each with its interval.
func (r *Report) headlines() []headline {
	var list []headline
	for _, name := range r.names {
		m := r.Targets[name].Every
		list = append(list, headline{
			figure(m.AUC, 3), between(m.AUCLow, m.AUCHigh, 3), "AUC, " + name + " later in the visit",
			strip("AUC "+figure(m.AUC, 3)+" for "+name, m.AUC, m.AUCLow, m.AUCHigh, r.aucFrom(), 1,
				func(v float64) string { return fmt.Sprintf("%.1f", v) }),
		})
	}
	n := &r.NextType
	most := 2.0
	for _, v := range []*float64{n.Perplexity, n.PerplexityHigh} {
		if v != nil {
			most = max(most, math.Ceil(*v))
		}
	}
	list = append(list, headline{
		figure(n.Perplexity, 2), between(n.PerplexityLow, n.PerplexityHigh, 2), "perplexity of the next event’s type",
		strip("perplexity "+figure(n.Perplexity, 2), n.Perplexity, n.PerplexityLow, n.PerplexityHigh, 1, most,
			func(v float64) string { return fmt.Sprintf("%.0f", v) }),
	})
	if s := &r.Stages; s.N > 0 {
		list = append(list, headline{
			percent(s.Accuracy, 1), between(hundredfold(r.stageLow), hundredfold(r.stageHigh), 1), "of stages as hindsight has them",
			strip("stage accuracy "+percent(s.Accuracy, 1), s.Accuracy, r.stageLow, r.stageHigh, 0, 1,
				func(v float64) string { return fmt.Sprintf("%.0f %%", 100*v) }),
		})
	}
	return list
}

// shareTable has a row of shares for each stage that something left.
type shareTable struct {
	Names []string
	Rows  []shareRow
}

type shareRow struct {
	Name  string
	Total float64
	Cells []shareCell
}

// shareCell is a share of the row, and how strongly it is coloured.
type shareCell struct {
	Share float64
	Tint  string
}

// plain is a share of a table: nothing where there is nothing.
func plain(v float64) string {
	switch {
	case v == 0:
		return ""
	case v < 0.001:
		return "<0.1"
	}
	return fmt.Sprintf("%.1f", 100*v)
}

// table is a matrix of stages as shares of its rows, without the stages that have nothing.
func (r *Report) table(m [][]float64) shareTable {
	shown := r.shown(m)
	t := shareTable{}
	for _, i := range shown {
		t.Names = append(t.Names, r.stageNames[i])
		line := shareRow{Name: r.stageNames[i]}
		for _, j := range shown {
			line.Total += m[i][j]
		}
		for _, j := range shown {
			c := shareCell{Tint: "0"}
			if line.Total > 0 {
				c.Share = m[i][j] / line.Total
				c.Tint = fmt.Sprintf("%.2f", 0.55*c.Share)
			}
			line.Cells = append(line.Cells, c)
		}
		if line.Total > 0 {
			t.Rows = append(t.Rows, line)
		}
	}
	return t
}

// shown are the stages of a picture: all of the journey, unsure only when it has something; none when nothing has.
func (r *Report) shown(m [][]float64) []int {
	var list []int
	total := 0.0
	for i := range m {
		mass := 0.0
		for j := range m {
			mass += m[i][j] + m[j][i]
		}
		total += mass
		if mass > 0 || i < len(m)-1 {
			list = append(list, i)
		}
	}
	if total == 0 {
		return nil
	}
	return list
}
