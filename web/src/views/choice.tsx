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
