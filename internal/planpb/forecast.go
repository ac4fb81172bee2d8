package planpb

import (
	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"

	"github.com/veiviser/veiviser/internal/veiviser"
)

func forecastFromProto(f *veiviserv1.Forecast) veiviser.Forecast {
	return veiviser.Forecast{
		Covariates: each(f.GetCovariates(), func(c *veiviserv1.Covariate) veiviser.Covariate {
			return veiviser.Covariate{ID: c.GetId(), Mean: c.GetMean(), SD: c.GetStandardDeviation()}
		}),
		Heads: each(f.GetHeads(), func(h *veiviserv1.ForecastHead) veiviser.ForecastHead {
			return veiviser.ForecastHead{Type: h.GetEventType(), Next: h.GetNext(), Bias: h.GetBias(), Weights: dict(h.GetWeights())}
		}),
		Subjects: each(f.GetSubjects(), func(s *veiviserv1.SubjectTrait) veiviser.SubjectTrait {
			return veiviser.SubjectTrait{Subject: s.GetSubject(), Events: s.GetEvents(), Rates: dict(s.GetRates())}
		}),
	}
}

func forecastToProto(f *veiviser.Forecast) *veiviserv1.Forecast {
	return &veiviserv1.Forecast{
		Covariates: each(f.Covariates, func(c veiviser.Covariate) *veiviserv1.Covariate {
			return &veiviserv1.Covariate{Id: c.ID, Mean: c.Mean, StandardDeviation: c.SD}
		}),
		Heads: each(f.Heads, func(h veiviser.ForecastHead) *veiviserv1.ForecastHead {
			return &veiviserv1.ForecastHead{EventType: h.Type, Next: h.Next, Bias: h.Bias, Weights: dict(h.Weights)}
		}),
		Subjects: each(f.Subjects, func(s veiviser.SubjectTrait) *veiviserv1.SubjectTrait {
			return &veiviserv1.SubjectTrait{Subject: s.Subject, Events: s.Events, Rates: dict(s.Rates)}
		}),
	}
}

func provenanceFromProto(p *veiviserv1.FitProvenance) veiviser.Provenance {
	return veiviser.Provenance{
		Source:   p.GetSource(),
		Rows:     p.GetRows(),
		Events:   p.GetEvents(),
		Visitors: p.GetVisitors(),
		From:     moment(p.GetStartTime()),
		To:       moment(p.GetEndTime()),
		Seed:     p.GetSeed(),
		Figures:  dict(p.GetFigures()),
	}
}

func provenanceToProto(p *veiviser.Provenance) *veiviserv1.FitProvenance {
	return &veiviserv1.FitProvenance{
		Source:    p.Source,
		Rows:      p.Rows,
		Events:    p.Events,
		Visitors:  p.Visitors,
		StartTime: momentToProto(p.From),
		EndTime:   momentToProto(p.To),
		Seed:      p.Seed,
		Figures:   dict(p.Figures),
	}
}
