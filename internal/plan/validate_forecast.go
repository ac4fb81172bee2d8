package plan

import (
	"fmt"
	"math"
	"time"

	"github.com/veiviser/veiviser/internal/stage"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// fitted checks what is fitted from logs of a journey, rather than written by hand.
func (c *checker) fitted(at string, j *veiviser.Journey) {
	if m := j.MeanEvents; m != 0 && !(m >= 1 && m <= math.MaxFloat64) {
		c.fail(at+".mean_events", "must be a number from 1, or 0 for %v, is %v", veiviser.DefaultMeanEvents, m)
	}
	covariates := c.covariates(at+".forecast", j)
	c.heads(at+".forecast", &j.Forecast, covariates)
	c.traits(at+".forecast", &j.Forecast)
	c.provenance(at+".fitted", &j.Fitted)
}

// covariates checks the covariates of a forecast and returns those there are.
func (c *checker) covariates(at string, j *veiviser.Journey) *register {
	list := j.Forecast.Covariates
	c.atMost(at+".covariates", len(list), maxCovariates, "covariates")
	var ids register
	if len(list) == 0 {
		return &ids
	}
	known := c.knownCovariates(j)
	for i := range list[:min(len(list), maxLooked)] {
		v := &list[i]
		field := fmt.Sprintf("%s.covariates[%d]", at, i)
		ids.add(v.ID, i)
		switch first := ids.index[v.ID]; {
		case v.ID == "":
			c.fail(field+".id", "the id of the covariate is missing")
		case len(v.ID) > veiviser.MaxNameBytes:
			c.atMost(field+".id", len(v.ID), veiviser.MaxNameBytes, "bytes")
		case first != i:
			c.fail(field+".id", "the id %q is taken by another covariate, number %d", v.ID, first+1)
		case !known.has(v.ID):
			c.fail(field+".id", "%s", c.unknown("covariate", v.ID, known.names))
		}
		c.number(field+".mean", v.Mean)
		if !(v.SD > 0 && v.SD <= math.MaxFloat64) {
			c.fail(field+".standard_deviation", "must be a number above 0, is %v", v.SD)
		}
	}
	return &ids
}

// knownCovariates are the covariates that there are for a journey.
func (c *checker) knownCovariates(j *veiviser.Journey) *register {
	types := c.eventTypes[:min(len(c.eventTypes), len(veiviser.StandardEventTypes())+maxEventTypes)]
	var stages []string
	for i := range j.Stages[:min(len(j.Stages), maxStages)] {
		stages = append(stages, j.Stages[i].ID)
	}
	var known register
	for i, id := range stage.CovariateIDs(types, stages) {
		known.add(id, i)
	}
	return &known
}

// number checks that a number is one.
func (c *checker) number(at string, x float64) {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		c.fail(at, "must be a number, is %v", x)
	}
}

// heads checks the linear functions of a forecast.
func (c *checker) heads(at string, f *veiviser.Forecast, covariates *register) {
	c.atMost(at+".heads", len(f.Heads), maxHeads, "heads")
	type aim struct {
		eventType string
		next      bool
	}
	first := map[aim]int{}
	for i := range f.Heads[:min(len(f.Heads), maxLooked)] {
		h := &f.Heads[i]
		field := fmt.Sprintf("%s.heads[%d]", at, i)
		if h.Type == "" && !h.Next {
			c.fail(field+".event_type", "say which event type this is the chance of; only a head of the next event may stand for the end of the visit")
		}
		if h.Type != "" && !c.types.has(h.Type) {
			c.fail(field+".event_type", "%s", c.unknown("event type", h.Type, c.eventTypes))
		}
		k, twice := first[aim{h.Type, h.Next}]
		if twice {
			c.fail(field, "there is another head for the same event type and the same next, number %d", k+1)
		} else {
			first[aim{h.Type, h.Next}] = i
		}
		c.number(field+".bias", h.Bias)
		for _, id := range sortedKeys(h.Weights) {
			entry := fmt.Sprintf("%s.weights[%q]", field, id)
			if !covariates.has(id) {
				c.fail(entry, "%s", c.unknown("covariate", id, covariates.names))
			}
			c.number(entry, h.Weights[id])
		}
	}
}

// traits checks the subjects of a forecast.
func (c *checker) traits(at string, f *veiviser.Forecast) {
	c.atMost(at+".subjects", len(f.Subjects), maxTraits, "subjects")
	first := make(map[string]int, min(len(f.Subjects), maxTraits))
	for i := range f.Subjects[:min(len(f.Subjects), maxTraits)] {
		s := &f.Subjects[i]
		field := fmt.Sprintf("%s.subjects[%d]", at, i)
		k, twice := first[s.Subject]
		switch {
		case s.Subject == "":
			c.fail(field+".subject", "the subject is empty")
		case twice:
			c.fail(field+".subject", "the subject %q is there twice, first as number %d", s.Subject, k+1)
		default:
			c.atMost(field+".subject", len(s.Subject), veiviser.MaxIDBytes, "bytes")
			first[s.Subject] = i
		}
		c.weight(field+".events", s.Events)
		for _, t := range sortedKeys(s.Rates) {
			entry := fmt.Sprintf("%s.rates[%q]", field, t)
			if !c.types.has(t) {
				c.fail(entry, "%s", c.unknown("event type", t, c.eventTypes))
			}
			c.number(entry, s.Rates[t])
		}
	}
}

// provenance checks what is said about where the numbers come from.
func (c *checker) provenance(at string, p *veiviser.Provenance) {
	c.atMost(at+".source", len(p.Source), maxTextBytes, "bytes")
	c.moment(at+".start_time", p.From)
	c.moment(at+".end_time", p.To)
	if !p.From.IsZero() && !p.To.IsZero() && p.To.Before(p.From) {
		c.fail(at+".end_time", "must not be before start_time")
	}
	c.atMost(at+".figures", len(p.Figures), maxFigures, "figures")
	for _, name := range sortedKeys(p.Figures) {
		c.number(fmt.Sprintf("%s.figures[%q]", at, name), p.Figures[name])
	}
}

// moment checks that a time can be written down; what is not set is.
func (c *checker) moment(at string, t time.Time) {
	if y := t.Year(); y < 1 || y > 9999 {
		c.fail(at, "must be a moment between the years 1 and 9999")
	}
}
