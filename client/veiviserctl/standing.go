package main

import (
	"fmt"
	"io"
	"strings"

	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

// printRelation shows a person's cases, her orders, and what she is to the shop.
func printRelation(w io.Writer, s *veiviserv1.Standing) {
	if len(s.GetCases()) > 0 {
		t := table{rows: [][]string{{"case", "cause", "about", "opened", "answered", "put right"}}}
		for _, c := range s.GetCases() {
			answered := "due " + when(c.GetDueTime())
			if c.GetAnswerTime() != nil {
				answered = when(c.GetAnswerTime())
			}
			t.add(c.GetCaseId(), c.GetCause(), orDash(c.GetSubject()), when(c.GetOpenTime()), answered, when(c.GetResolveTime()))
		}
		t.print(w, "  ")
	}
	if len(s.GetOrders()) > 0 {
		t := table{rows: [][]string{{"order about", "placed", "promised", "arrived", "came back"}}}
		for _, o := range s.GetOrders() {
			t.add(orDash(o.GetSubject()), when(o.GetPlaceTime()), when(o.GetPromiseTime()), when(o.GetDeliverTime()), when(o.GetReturnTime()))
		}
		t.print(w, "  ")
	}
	if s.GetPhase() == "" {
		return
	}
	facts := []string{s.GetPhase()}
	for _, f := range [][2]string{
		{"from", s.GetSource()},
		{"rung", s.GetRung()},
		{"tier", s.GetTier()},
		{"account", s.GetAccountId()},
		{"role", s.GetRole()},
		{"never sold to as", strings.Join(s.GetAudiences(), " and ")},
	} {
		if f[1] != "" {
			facts = append(facts, f[0]+" "+f[1])
		}
	}
	fmt.Fprintf(w, "  %s\n", strings.Join(facts, ", "))
}
