package planpb_test

import (
	"strings"
	"testing"
	"time"

	"github.com/veiviser/veiviser/internal/planpb"
)

func TestPerfScratch(t *testing.T) {
	n := planpb.MaxFileBytes - 100
	for name, s := range map[string]string{
		"flow": strings.Repeat("[", n), "maps": strings.Repeat("{", n), "flow9k": strings.Repeat("[", 9000) + strings.Repeat("]", 9000), "dashes": strings.Repeat("- ", n/2),
		"keys": strings.Repeat("abcdefgh: 1\n", n/12), "comments": strings.Repeat("#\n", n/2), "quote": "name: \"" + strings.Repeat("\\u0041", n/6) + "\"",
		"items": "items:\n" + strings.Repeat("- item_id: a\n", n/13), "flowseq": "languages: [" + strings.Repeat("a,", n/2) + "]", "?": strings.Repeat("? ", n/2), "indents": strings.Repeat("a:\n", 1),
		"anchors": strings.Repeat("- &a b\n", n/7), "spaces": "name:" + strings.Repeat(" ", n) + "a", "newlines": "name: a" + strings.Repeat("\n", n), "plainmulti": "name: a\n" + strings.Repeat(" b\n", n/3),
		"itemcomments": "items:\n" + strings.Repeat("- item_id: a # x\n", n/17), "headc": "items:\n" + strings.Repeat("# x\n- item_id: a\n", n/17),
	} {
		start := time.Now()
		_, _, err := planpb.ReadFS(folder("p.yaml", s))
		d := time.Since(start)
		e := ""
		if err != nil {
			e = err.Error()
			e = e[:min(len(e), 120)]
		}
		t.Log(name, d, e)
	}
}
