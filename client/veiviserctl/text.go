package main

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"time"
	"unicode/utf8"

	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"

	"google.golang.org/protobuf/types/known/timestamppb"
)

// table prints rows in columns; the first is the heading. Columns whose name in the heading begins with ">" are aligned
// to the right.
type table struct{ rows [][]string }

func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

func (t *table) print(w io.Writer, indent string) {
	if len(t.rows) == 0 {
		return
	}
	width := make([]int, len(t.rows[0]))
	right := make([]bool, len(t.rows[0]))
	for i, name := range t.rows[0] {
		t.rows[0][i], right[i] = strings.CutPrefix(name, ">")
	}
	for _, row := range t.rows {
		for i, cell := range row {
			width[i] = max(width[i], utf8.RuneCountInString(cell))
		}
	}
	for _, row := range t.rows {
		var b strings.Builder
		for i, cell := range row {
			pad := strings.Repeat(" ", width[i]-utf8.RuneCountInString(cell))
			if right[i] {
				b.WriteString(pad + cell + "  ")
			} else {
				b.WriteString(cell + pad + "  ")
			}
		}
		fmt.Fprintln(w, strings.TrimRight(indent+b.String(), " "))
	}
}

// bar is p of width characters, in eighths.
func bar(p float64, width int) string {
	eighths := int(math.Round(min(max(p, 0), 1) * float64(width) * 8))
	out := strings.Repeat("█", eighths/8)
	if rest := eighths % 8; rest > 0 {
		out += string([]rune(" ▏▎▍▌▋▊▉")[rest])
	}
	return out + strings.Repeat(" ", width-utf8.RuneCountInString(out))
}

// percent is a probability as people say it.
func percent(p float64) string { return fmt.Sprintf("%.0f %%", 100*p) }

// when is a moment as people read it; "–" when unset.
func when(t *timestamppb.Timestamp) string {
	if t == nil {
		return "–"
	}
	return t.AsTime().Format(time.DateTime)
}

// short is the name of an enum value without its type: "offer".
func short(name, prefix string) string {
	return strings.ToLower(strings.TrimPrefix(name, prefix))
}

func kindName(k veiviserv1.ItemKind) string { return short(k.String(), "ITEM_KIND_") }

// jsonFault says what is wrong with the JSON of a message, in the same words always: those of protojson vary by design.
func jsonFault(err error) error {
	if err == nil {
		return nil
	}
	text := strings.ReplaceAll(err.Error(), "\u00a0", " ")
	return errors.New(strings.TrimSpace(strings.TrimPrefix(text, "proto:")))
}

// plural is "1 event", "2 events".
func plural[N int | int64 | uint32 | uint64](n N, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// orDash is s, or "–" for nothing.
func orDash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}

// pick is the text in one of the languages, in their order, or any.
func pick(texts map[string]string, languages ...string) string {
	for _, l := range append(languages, "en", "nb", "sv", "") {
		if t, ok := texts[l]; ok {
			return t
		}
	}
	least := ""
	for l := range texts {
		if least == "" || l < least {
			least = l
		}
	}
	return texts[least]
}

// printNeeds shows where a visitor stands: every live need with a bar for every stage, and what speaks for it.
func printNeeds(w io.Writer, needs []*veiviserv1.NeedBelief) {
	for _, n := range needs {
		about := n.GetJourney()
		if n.GetSubject() != "" {
			about += ", " + n.GetSubject()
		}
		stage := "unsure"
		if n.GetStage() != "" {
			stage = n.GetStage()
		}
		from := plural(n.GetEvents(), "event")
		if n.GetEvents() == 0 {
			from = "no event yet"
		}
		fmt.Fprintf(w, "Need: %s: %s (%s)\n", about, stage, from)
		t := table{rows: [][]string{{"stage", "", ">"}}}
		for _, s := range n.GetStages() {
			t.add(s.GetStage(), bar(s.GetProbability(), 24), percent(s.GetProbability()))
		}
		t.rows = t.rows[1:]
		if len(t.rows) > 0 {
			t.print(w, "  ")
		}
		printOutlook(w, n)
		for _, e := range n.GetEvidence() {
			times := ""
			if e.GetCount() > 1 {
				times = fmt.Sprintf(", %d times", e.GetCount())
			}
			text := e.GetText()
			if text == "" {
				text = e.GetSignal()
			}
			fmt.Fprintf(w, "  %+.1f  %s (%s%s)\n", e.GetWeight(), text, e.GetStage(), times)
		}
	}
}

// printOutlook says what the stage is worth and what the rest of the visit brings, as far as it is known.
func printOutlook(w io.Writer, n *veiviserv1.NeedBelief) {
	if n.GetValue() > 0 {
		next := ""
		if e := n.GetEventsToNextStage(); e > 0 {
			next = fmt.Sprintf("; about %.0f more events to a stage ahead", max(e, 1))
		}
		fmt.Fprintf(w, "  chance of an order delivered right %s%s\n", percent(n.GetValue()), next)
	}
	if f := n.GetVisitForecast(); f != nil {
		var later []string
		for _, c := range f.GetLater() {
			later = append(later, c.GetEventType()+" "+percent(c.GetProbability()))
		}
		if len(later) > 0 {
			fmt.Fprintf(w, "  later in this visit: %s; over with this event: %s\n", strings.Join(later, ", "), percent(f.GetEnd()))
		}
	}
}
