import React from "react";

type Props = { title: string };

export const Header: React.FC<Props> = ({ title }) => {
  return <h1 className="big">{title}</h1>;
};

export default function App() {
  return (
    <div>
      <Header title="x" />
    </div>
  );
}
