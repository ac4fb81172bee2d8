package app

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/veiviser/veiviser/internal/api"
	"github.com/veiviser/veiviser/internal/decide"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// counters are what an operator watches beside the figures of every RPC. Labels take their values from short fixed lists.
type counters struct {
	decisions *prometheus.CounterVec
	degraded  *prometheus.CounterVec
	events    *prometheus.CounterVec
}

func newCounters(r prometheus.Registerer) *counters {
	f := &counters{
		decisions: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "veiviser_decisions_total",
			Help: "Decisions by outcome: served, fallback, or silent with the reason.",
		}, []string{"outcome"}),
		degraded: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "veiviser_degraded_answers_total", Help: "Answers made without the store, by reason.",
		}, []string{"reason"}),
		events: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "veiviser_events_total", Help: "Events by what became of them: ACCEPTED, DUPLICATE, or REJECTED.",
		}, []string{"status"}),
	}
	r.MustRegister(f.decisions, f.degraded, f.events)
	return f
}

// answer counts what was answered.
func (f *counters) answer(a *veiviser.Answer) {
	for i := range a.Decisions {
		outcome := "served"
		switch d := &a.Decisions[i]; {
		case d.Fallback:
			outcome = "fallback"
		case d.Silence != veiviser.SilenceNone:
			outcome = "silent:" + string(d.Silence)
		}
		f.decisions.WithLabelValues(outcome).Inc()
	}
	if a.Degraded != "" {
		f.degraded.WithLabelValues(a.Degraded).Inc()
	}
}

// countedDecider counts the answers that leave.
type countedDecider struct {
	api.Decider
	counts *counters
}

func (c countedDecider) Recommend(ctx context.Context, req veiviser.Request) (*decide.Reply, error) {
	reply, err := c.Decider.Recommend(ctx, req)
	if err == nil {
		c.counts.answer(&reply.Answer)
	}
	return reply, err
}

func (c countedDecider) Watch(ctx context.Context, req veiviser.Request, send func(*decide.Reply) error) error {
	return c.Decider.Watch(ctx, req, func(reply *decide.Reply) error {
		c.counts.answer(&reply.Answer)
		return send(reply)
	})
}

// countedRecorder counts what became of events.
type countedRecorder struct {
	api.Recorder
	counts *counters
}

func (c countedRecorder) Record(ctx context.Context, events []veiviser.Event) ([]veiviser.EventResult, error) {
	results, err := c.Recorder.Record(ctx, events)
	for i := range results {
		c.counts.events.WithLabelValues(string(results[i].Status)).Inc()
	}
	return results, err
}
