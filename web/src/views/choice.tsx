import type { Layer } from "../grid";
import { set } from "../router";

// One of a few values, as radio buttons.
export function Choice<T extends string>({
  label,
  name,
  values,
  value,
  onChange,
}: {
  label: string;
  name: string;
  values: [T, string][];
  value: T;
  onChange: (value: T) => void;
}) {
  return (
    <fieldset class="choice">
      <legend>{label}</legend>
      {values.map(([each, text]) => (
        <label key={each}>
          <input
            type="radio"
            name={name}
            checked={each === value}
            onChange={() => onChange(each)}
          />
          {text}
        </label>
      ))}
    </fieldset>
  );
}

export function LayerChoice({ layer }: { layer: Layer }) {
  return (
    <Choice
      label="Network"
      name="layer"
      values={[
        ["pod", "pods"],
        ["host", "hosts"],
      ]}
      value={layer}
      onChange={(value) => set({ layer: value === "pod" ? "" : value })}
    />
  );
}
